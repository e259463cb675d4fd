// Parses every .ps1, .psm1 and .psd1 below psmodule, and the scripts beside this folder, with
// tree-sitter's PowerShell grammar and prints what it cannot parse, as file:line:column. With --json it prints what it found, for the tests in
// internal/psmodule: the problems, the functions with their parameters, the commands that are called.
// Run: npm install --ignore-scripts --no-package-lock && node check.mjs
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { Language, Parser } from 'web-tree-sitter';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '..', '..', 'psmodule');
const scripts = join(here, '..');
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

const rowOf = (node) => node.startPosition.row + 1;

function describe(node) {
  const what = node.isMissing ? `missing ${node.type}` : 'cannot parse';
  return `${rowOf(node)}:${node.startPosition.column + 1}: ${what}: ${node.text.slice(0, 60).replace(/\s+/g, ' ')}`;
}

// walk visits the tree with one cursor, which is far faster than asking each node for its children.
// visit is given the kinds of what the node stands in, outermost first.
function walk(tree, visit) {
  const cursor = tree.walk();
  const around = [];
  for (;;) {
    visit(cursor, around);
    if (cursor.gotoFirstChild()) {
      cursor.gotoParent();
      around.push(cursor.nodeType);
      cursor.gotoFirstChild();
      continue;
    }
    while (!cursor.gotoNextSibling()) {
      if (!cursor.gotoParent()) return;
      around.pop();
    }
  }
}

// collect lists a file's functions with their parameters, and the commands that it calls.
function collect(tree, source, file) {
  const functions = [];
  const commands = [];
  const open = [];
  walk(tree, (cursor, around) => {
    const parent = around.at(-1);
    const text = () => source.slice(cursor.startIndex, cursor.endIndex);
    while (open.length > 0 && cursor.startIndex >= open.at(-1).end) open.pop();
    if (cursor.nodeType === 'function_name') functions.push({ file, name: text(), parameters: [] });
    if (cursor.nodeType === 'script_parameter') functions.at(-1).parameters.push({ attributes: [] });
    if (cursor.nodeType === 'attribute' && around.includes('script_parameter')) {
      functions.at(-1).parameters.at(-1).attributes.push(text().replace(/\s+/g, ''));
    }
    if (cursor.nodeType === 'variable' && parent === 'script_parameter') {
      functions.at(-1).parameters.at(-1).name = text().slice(1);
    }
    if (cursor.nodeType === 'command') {
      open.push({ end: cursor.endIndex, command: { file, row: cursor.startPosition.row + 1, name: '', arguments: [] } });
      commands.push(open.at(-1).command);
    }
    if (cursor.nodeType === 'command_name' && parent === 'command') open.at(-1).command.name = text();
    if (cursor.nodeType === 'command_parameter') open.at(-1).command.arguments.push(text().replace(/^-|:$/g, ''));
  });
  return { functions, commands: commands.filter((command) => command.name !== '') };
}

// Compiling the grammar to its fastest form takes far longer than parsing everything with a plain one.
setFlagsFromString('--liftoff-only');
await Parser.init();
const grammar = join(dirname(require.resolve('tree-sitter-powershell/package.json')), 'tree-sitter-powershell.wasm');
const parser = new Parser();
parser.setLanguage(await Language.load(grammar));

const found = { files: 0, problems: [], functions: [], commands: [] };
const beside = readdirSync(scripts).filter((name) => name.endsWith('.ps1')).map((name) => join(scripts, name));
for (const path of [...filesBelow(root), ...beside]) {
  const file = relative(root, path).replaceAll('\\', '/');
  const source = readFileSync(path, 'utf8');
  const tree = parser.parse(source);
  found.files += 1;
  found.problems.push(...problems(tree.rootNode).map((node) => `${file}:${describe(node)}`));
  const { functions, commands } = collect(tree, source, file);
  found.functions.push(...functions);
  found.commands.push(...commands);
}
if (process.argv.includes('--json')) {
  console.log(JSON.stringify(found));
} else {
  for (const problem of found.problems) console.log(problem);
  console.log(`${found.files} files parsed, ${found.problems.length} problems`);
}
process.exitCode = found.files === 0 || found.problems.length > 0 ? 1 : 0;
