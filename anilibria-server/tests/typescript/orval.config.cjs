// Generates a client that sends its requests with `request` of `src/orval_request.ts`.
module.exports = {
  anilibria: {
    input: "./openapi-3.1.yaml",
    output: {
      target: "./src/orval.ts",
      client: "fetch",
      mode: "single",
      override: { mutator: { path: "./src/orval_request.ts", name: "request", extension: ".js" } },
    },
  },
};
