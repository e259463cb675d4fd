// Parses every .ps1, .psm1 and .psd1 below psmodule with tree-sitter's PowerShell grammar and prints
// what it cannot parse, as file:line:column. Run: npm install --ignore-scripts && node check.mjs
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Language, Parser } from 'web-tree-sitter';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '..', '..', 'psmodule');
const require = createRequire(import.meta.url);

function filesBelow(folder) {
  return readdirSync(folder).sort().flatMap((name) => {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) return filesBelow(path);
    return /\.(ps1|psm1|psd1)$/.test(name) ? [path] : [];
  });
}

function problems(node, found = []) {
  if (node.isError || node.isMissing) found.push(node);
  else if (node.hasError) for (const child of node.children) problems(child, found);
  return found;
}

await Parser.init();
const grammar = join(dirname(require.resolve('tree-sitter-powershell/package.json')), 'tree-sitter-powershell.wasm');
const parser = new Parser();
parser.setLanguage(await Language.load(grammar));

let bad = 0;
const files = filesBelow(root);
for (const file of files) {
  const tree = parser.parse(readFileSync(file, 'utf8'));
  for (const node of problems(tree.rootNode)) {
    bad += 1;
    const { row, column } = node.startPosition;
    console.log(`${relative(root, file)}:${row + 1}:${column + 1}: ${node.isMissing ? 'missing ' + node.type : 'cannot parse'}: ${node.text.slice(0, 60).replace(/\s+/g, ' ')}`);
  }
}
console.log(`${files.length} files parsed, ${bad} problems`);
process.exitCode = files.length === 0 || bad > 0 ? 1 : 0;
