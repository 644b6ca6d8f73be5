/** Express 4, which is installed under this name, has no types of its own; where it is used here, it is as version 5. */
declare module 'express4' {
  export { default } from 'express';
}
