import { main } from "./lib/cli/main.ts";

main();
