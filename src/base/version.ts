/** The version of this program. A constant, so that nothing has to be read at the start; a test holds it to package.json. */
export const VERSION = "0.1.0";
