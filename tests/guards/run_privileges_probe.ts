import { main } from "./privileges_probe.ts";

await main();
