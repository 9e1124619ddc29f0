#!/usr/bin/env node
/** The bin: runs the program; turns a Failure into a message and an exit code. */
console.log("lagleak");
