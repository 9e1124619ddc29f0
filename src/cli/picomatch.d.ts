/** tinyglobby's declarations (through fdir) name this package, which has none of its own; nothing of it is used here. */
declare module "picomatch";
