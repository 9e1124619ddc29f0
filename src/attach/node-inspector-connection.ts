/**
 * A connection to a port that a process listens on, also from inside of another network namespace: there `nsenter` starts a relay
 * in that namespace, which passes bytes between its standard streams and the port.
 */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import net from "node:net";
import { Duplex } from "node:stream";
import type { Listener } from "./proc.ts";
import type { Target } from "./target.ts";

/** Runs in the namespace of the target; its arguments are the port and the address. */
const RELAY = `const [port, host] = process.argv.slice(1);
const socket = require("node:net").connect(Number(port), host);
process.stdin.pipe(socket);
socket.pipe(process.stdout);
socket.on("error", () => process.exit(1));
socket.on("close", () => process.exit(0));`;

export type Connect = () => Duplex;

/** Whoever connects handles the stream's `error`. Ending the stream ends the relay. */
export function connectionTo(target: Pick<Target, "pid" | "inOtherNamespaces">, listener: Listener): Connect {
  const host = hostOf(listener);
  if (!target.inOtherNamespaces.includes("net")) return () => net.connect({ port: listener.port, host, noDelay: true });
  return () => {
    const relay = spawn(
      nsenter() ?? "nsenter",
      ["--target", String(target.pid), "--net", "--", process.execPath, "--eval", RELAY, String(listener.port), host],
      { stdio: ["pipe", "pipe", "ignore"], env: {} },
    );
    const stream = Duplex.from({ writable: relay.stdin, readable: relay.stdout });
    relay.on("error", (error) => stream.destroy(error));
    relay.stdin.on("error", () => {}); // the relay ended: its output says so, too
    stream.on("close", () => relay.kill());
    return stream;
  };
}

/** Null where it is not installed. */
export function nsenter(): string | null {
  return ["/usr/bin/nsenter", "/bin/nsenter", "/usr/local/bin/nsenter"].find((file) => existsSync(file)) ?? null;
}

/** Who listens on every address is reached on loopback. */
function hostOf({ address }: Listener): string {
  if (address === "0.0.0.0") return "127.0.0.1";
  return address === "::" || address === "other" ? "::1" : address;
}
