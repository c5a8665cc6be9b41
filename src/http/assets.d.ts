/** Files that `import … with { type: 'file' }` names: the default export is their path. */
declare module 'swagger-ui-dist/swagger-ui.css' {
  const path: string;
  // oxlint-disable-next-line import/no-default-export -- what Bun gives
  export default path;
}

declare module 'swagger-ui-dist/swagger-ui-bundle.js' {
  const path: string;
  // oxlint-disable-next-line import/no-default-export -- what Bun gives
  export default path;
}
