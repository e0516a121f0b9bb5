import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import ts from 'typescript'

/** A program: writes the SDK's declarations to stdout, as JSON, file by file (they are written so that none needs another's types). */
export interface Declaration {
  name: string
  content: string
}

const sdk = dirname(import.meta.dirname)
const modules = ['index', 'service', 'endpoint', 'call', 'context', 'errors', 'schema', 'serve', 'describe']

const made = await Promise.all(
  modules.map(async (name): Promise<Declaration> => {
    const text = await readFile(join(sdk, `${name}.ts`), 'utf8')
    const { outputText } = ts.transpileDeclaration(text, {
      fileName: `${name}.ts`,
      compilerOptions: { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext, stripInternal: true },
    })
    return {
      name: `${name}.d.ts`,
      content: outputText.replace(/(from '\.\/[\w-]+)\.ts'/g, "$1.js'").replace(/(from "\.\/[\w-]+)\.ts"/g, '$1.js"'),
    }
  }),
)
process.stdout.write(JSON.stringify(made))
