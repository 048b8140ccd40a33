/** The paths of all files below a directory, sorted, with `/` between the parts. Leaves out what begins with a dot. */
export function walkFiles(directory: string): string[] {
  const paths: string[] = [];
  for (const entry of Deno.readDirSync(directory)) {
    if (entry.name.startsWith(".")) continue;
    const path = `${directory}/${entry.name}`;
    if (entry.isDirectory) paths.push(...walkFiles(path));
    else if (entry.isFile) paths.push(path);
  }
  return paths.sort();
}
