// Peers that ship no types; what a bench calls of them is told where it is called.
declare module 'async-retry';
declare module 'opossum';
