const none: Deno.lint.Plugin = { name: "kith", rules: {} };
export default none;
