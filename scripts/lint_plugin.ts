import { CORE_PACKAGES, CORE_RANK, isCore, OWNED_MODULES, RANKS } from "./ranks.ts";

/** Where a file stands: its path from the root of the project, and its folder of lib, if it is in one. */
interface Place {
  readonly path: string;
  readonly folder: string | undefined;
}

const ROOT = decodeURIComponent(new URL("..", import.meta.url).pathname);

function placeOf(filename: string): Place {
  const slashed = filename.replaceAll("\\", "/");
  const start = slashed.indexOf(ROOT) < 0 ? 0 : slashed.indexOf(ROOT) + ROOT.length;
  const path = slashed.slice(start).replace(/^\.?\//, "");
  return { path, folder: folderOf(path) };
}

function folderOf(path: string): string | undefined {
  const parts = path.split("/");
  return parts[0] === "lib" && parts.length > 2 ? parts[1] : undefined;
}

function resolve(from: string, specifier: string): string {
  const parts = from.split("/").slice(0, -1);
  for (const part of specifier.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== ".") parts.push(part);
  }
  return parts.join("/");
}

/** Why the file at `from` may not import `specifier`; undefined where it may. */
function importBreach(from: Place, specifier: string): string | undefined {
  const relative = specifier.startsWith("./") || specifier.startsWith("../");
  if (from.path === "main.ts") {
    const target = folderOf(resolve(from.path, specifier));
    return relative && target === "cli" ? undefined : `main.ts imports lib/cli and nothing else, not "${specifier}"`;
  }
  const folder = from.folder;
  if (folder === undefined) return undefined;
  const rank = RANKS.get(folder) as number;
  if (relative) {
    const path = resolve(from.path, specifier);
    const target = folderOf(path);
    const targetRank = target === undefined ? undefined : RANKS.get(target);
    if (targetRank === undefined) return `"${path}" is in no folder of lib that scripts/ranks.ts knows`;
    if (target === folder || targetRank < rank) return undefined;
    return `lib/${folder} has rank ${rank} and may not import lib/${target} of rank ${targetRank}`;
  }
  if (/^(npm|jsr|https?|file|data):|^\//.test(specifier)) {
    return `"${specifier}" belongs into the imports of deno.json, under a name`;
  }
  const owner = OWNED_MODULES.get(specifier);
  if (owner !== undefined && owner !== folder) return `only lib/${owner} imports "${specifier}"`;
  if (rank > CORE_RANK) return undefined;
  const allowed = CORE_PACKAGES.get(folder) ?? [];
  return allowed.some((name) => name.endsWith("/") ? specifier.startsWith(name) : specifier === name)
    ? undefined
    : `lib/${folder} is of the core, which may not import "${specifier}"`;
}

const ranks: Deno.lint.Rule = {
  create(context) {
    const place = placeOf(context.filename);
    if (place.path.startsWith("lib/") && !RANKS.has(place.folder ?? "")) {
      return {
        Program(node) {
          context.report({ node, message: `${place.path} is in no folder of lib that scripts/ranks.ts knows` });
        },
      };
    }
    function check(node: Deno.lint.Node, specifier: string): void {
      const message = importBreach(place, specifier);
      if (message !== undefined) context.report({ node, message });
    }
    return {
      ImportDeclaration: (node) => check(node, node.source.value),
      ExportAllDeclaration: (node) => check(node, node.source.value),
      ExportNamedDeclaration(node) {
        if (node.source) check(node, node.source.value);
      },
      ImportExpression(node) {
        if (node.source.type === "Literal" && typeof node.source.value === "string") check(node, node.source.value);
        else if (place.folder !== undefined) context.report({ node, message: "what is imported must be a literal" });
      },
      TSImportType(node) {
        if (place.folder !== undefined) context.report({ node, message: "write an import type declaration instead" });
      },
    };
  },
};

/**
 * Globals that differ from run to run, from machine to machine or from runtime to runtime. Names that also make
 * good names for local variables are left to the type-check without the Deno lib, which knows none of them.
 */
const AMBIENT: ReadonlySet<string> = new Set([
  ...["Deno", "process", "global", "globalThis", "window", "navigator", "require", "Buffer", "eval", "Function"],
  ...["Date", "Temporal", "Intl", "performance", "crypto", "console", "gc"],
  ...["setTimeout", "setInterval", "setImmediate", "clearTimeout", "clearInterval", "clearImmediate"],
  ...["queueMicrotask", "requestAnimationFrame", "Atomics", "SharedArrayBuffer"],
  ...["WeakRef", "FinalizationRegistry", "Worker", "BroadcastChannel", "MessageChannel", "MessagePort"],
  ...["AbortController", "AbortSignal", "EventTarget", "EventSource", "fetch", "WebSocket"],
  ...["XMLHttpRequest", "ReadableStream", "WritableStream", "TransformStream", "localStorage", "sessionStorage"],
  ...["indexedDB", "structuredClone", "reportError", "alert", "atob", "btoa", "URLPattern", "WebAssembly"],
]);

/** Methods whose result depends on the machine's language settings. */
const LOCALE_METHODS: ReadonlySet<string> = new Set([
  ...["localeCompare", "toLocaleString", "toLocaleDateString", "toLocaleTimeString"],
  ...["toLocaleLowerCase", "toLocaleUpperCase"],
]);

/** Whether an identifier stands for a variable or a type, not for a member, a key or a label. */
function isReference(node: Deno.lint.Identifier): boolean {
  const parent = node.parent as Deno.lint.Node;
  switch (parent.type) {
    case "MemberExpression":
      return parent.object === node || parent.computed;
    case "Property":
    case "PropertyDefinition":
    case "MethodDefinition":
    case "TSPropertySignature":
    case "TSMethodSignature":
      return parent.key !== node || parent.computed;
    case "TSQualifiedName":
      return parent.left === node;
    case "ImportSpecifier":
      return parent.local === node;
    case "ExportSpecifier":
      return parent.local === node;
    case "TSEnumMember":
    case "LabeledStatement":
    case "BreakStatement":
    case "ContinueStatement":
      return false;
    default:
      return true;
  }
}

function memberName(node: Deno.lint.MemberExpression): string | undefined {
  if (!node.computed) return node.property.type === "Identifier" ? node.property.name : undefined;
  return node.property.type === "Literal" && typeof node.property.value === "string" ? node.property.value : undefined;
}

const ambient: Deno.lint.Rule = {
  create(context) {
    const { folder } = placeOf(context.filename);
    if (folder === undefined) return {};
    const everywhere: Deno.lint.LintVisitor = {
      MetaProperty(node) {
        if (node.meta.name === "import") {
          context.report({ node, message: "in the executable, no module lies anywhere" });
        }
      },
    };
    if (!isCore(folder)) return everywhere;
    return {
      ...everywhere,
      Identifier(node) {
        if (!isReference(node)) return;
        if (AMBIENT.has(node.name)) {
          context.report({
            node,
            message: `the core may not use ${node.name}: have the host hand in what it stands for`,
          });
        } else if (node.name === "Math") {
          const parent = node.parent as Deno.lint.Node;
          const name = parent.type === "MemberExpression" && parent.object === node ? memberName(parent) : undefined;
          if (name === undefined || name === "random") {
            context.report({ node, message: "the core takes randomness from base/random.ts, not from Math" });
          }
        }
      },
      MemberExpression(node) {
        const name = memberName(node);
        if (name !== undefined && LOCALE_METHODS.has(name)) {
          context.report({ node, message: `${name} depends on the machine's language settings` });
        }
      },
    };
  },
};

const asynchronous: Deno.lint.Rule = {
  create(context) {
    const { folder } = placeOf(context.filename);
    if (folder === undefined || !isCore(folder)) return {};
    function report(node: Deno.lint.Node, what: string): void {
      context.report({ node, message: `the core is synchronous: ${what} has no place in it` });
    }
    function checkFunction(node: Deno.lint.Node & { async: boolean }): void {
      if (node.async) report(node, "an async function");
    }
    return {
      FunctionDeclaration: checkFunction,
      FunctionExpression: checkFunction,
      ArrowFunctionExpression: checkFunction,
      AwaitExpression: (node) => report(node, "await"),
      ImportExpression: (node) => report(node, "a dynamic import"),
      ForOfStatement(node) {
        if (node.await) report(node, "for await");
      },
      VariableDeclaration(node) {
        if (node.kind === "await using") report(node, "await using");
      },
      Identifier(node) {
        if (isReference(node) && (node.name === "Promise" || node.name === "PromiseLike")) report(node, "a promise");
      },
    };
  },
};

/** Classes whose instances may be made at module level: nobody can change them, or only in sight of this rule. */
const PLAIN_CLASSES: ReadonlySet<string> = new Set([
  ...["TextEncoder", "TextDecoder", "RegExp"],
  ...["Uint8Array", "Uint16Array", "Uint32Array", "Int32Array", "BigUint64Array", "Float64Array", "Array"],
]);

/** Collections that may be made at module level under the type that cannot change them. */
const READONLY_TYPES: ReadonlyMap<string, string> = new Map([["Map", "ReadonlyMap"], ["Set", "ReadonlySet"]]);

/** Methods that change what they are called on. */
const MUTATORS: ReadonlySet<string> = new Set([
  ...["set", "add", "delete", "clear", "push", "pop", "shift", "unshift", "splice", "sort", "reverse", "fill"],
  ...["copyWithin", "next"],
]);

function constructedClass(node: Deno.lint.Node | null | undefined): string | undefined {
  if (node?.type !== "NewExpression") return undefined;
  return node.callee.type === "Identifier" ? node.callee.name : "?";
}

function annotatedType(node: Deno.lint.Node): string | undefined {
  const annotation = (node as { typeAnnotation?: Deno.lint.TSTypeAnnotation }).typeAnnotation?.typeAnnotation;
  if (annotation?.type !== "TSTypeReference") return undefined;
  return annotation.typeName.type === "Identifier" ? annotation.typeName.name : undefined;
}

/** Why a value made once per process is state; undefined where it is a constant. */
function stateBreach(binding: Deno.lint.Node, value: Deno.lint.Node | null | undefined): string | undefined {
  const flags = value?.type === "Literal" ? (value as Partial<Deno.lint.RegExpLiteral>).regex?.flags : undefined;
  if (flags !== undefined && /[gy]/.test(flags)) {
    return "a regular expression with the flag g or y remembers where it stopped";
  }
  const made = constructedClass(value);
  if (made === undefined || PLAIN_CLASSES.has(made)) return undefined;
  const needed = READONLY_TYPES.get(made);
  if (needed === undefined) return `an object of class ${made} outlives the peer that uses it`;
  return annotatedType(binding) === needed ? undefined : `a constant ${made} is declared as ${needed}`;
}

/** The module-level constant that an expression such as `TABLE.rows[0]` begins with. */
function baseName(node: Deno.lint.Node): string | undefined {
  let at = node;
  while (at.type === "MemberExpression") at = at.object;
  return at !== node && at.type === "Identifier" ? at.name : undefined;
}

const moduleState: Deno.lint.Rule = {
  create(context) {
    const { folder } = placeOf(context.filename);
    if (folder === undefined || !isCore(folder)) return {};
    const constants = new Set<string>();
    const changes: { node: Deno.lint.Node; name: string }[] = [];
    function changed(node: Deno.lint.Node, target: Deno.lint.Node): void {
      const name = baseName(target);
      if (name !== undefined) changes.push({ node, name });
    }
    return {
      VariableDeclaration(node) {
        const parent = node.parent as Deno.lint.Node;
        const outer = parent.type === "ExportNamedDeclaration" ? parent.parent : parent;
        if (outer?.type !== "Program" && outer?.type !== "TSModuleBlock") return;
        if (node.kind !== "const") {
          context.report({
            node,
            message: `a module-level ${node.kind} is state: put it into the object that needs it`,
          });
          return;
        }
        for (const declarator of node.declarations) {
          const message = stateBreach(declarator.id, declarator.init);
          if (message !== undefined) context.report({ node: declarator, message });
          if (declarator.id.type === "Identifier") constants.add(declarator.id.name);
        }
      },
      PropertyDefinition(node) {
        if (!node.static) return;
        const message = node.readonly ? stateBreach(node, node.value) : "a static field is state: make it readonly";
        if (message !== undefined) context.report({ node, message });
      },
      AssignmentExpression: (node) => changed(node, node.left),
      UpdateExpression: (node) => changed(node, node.argument),
      UnaryExpression(node) {
        if (node.operator === "delete") changed(node, node.argument);
      },
      CallExpression(node) {
        if (node.callee.type !== "MemberExpression") return;
        const name = memberName(node.callee);
        if (name !== undefined && MUTATORS.has(name)) changed(node, node.callee);
      },
      "Program:exit"() {
        for (const { node, name } of changes) {
          if (constants.has(name)) {
            context.report({ node, message: `${name} is a module-level constant: do not change it` });
          }
        }
      },
    };
  },
};

/** The house rules that a linter can check; DESIGN: ranks, and a core that is synchronous and deterministic. */
const plugin: Deno.lint.Plugin = {
  name: "kith",
  rules: { "ranks": ranks, "ambient": ambient, "async": asynchronous, "module-state": moduleState },
};

export default plugin;
