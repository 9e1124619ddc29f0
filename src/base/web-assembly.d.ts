/** What the types of zstddec name of the browsers' library, which this project is compiled without. */
declare namespace WebAssembly {
  interface WebAssemblyInstantiatedSource {
    readonly instance: unknown;
  }
}
