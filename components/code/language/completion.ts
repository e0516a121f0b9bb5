import { monaco } from '../monaco.ts'
import type { LanguageClient } from './client.ts'
import {
  completionKind,
  type CompletionItem,
  type CompletionList,
  editOf,
  markdownOf,
  positionOf,
  type Range,
  rangeOf,
} from './protocol.ts'

interface Item extends monaco.languages.CompletionItem {
  given?: CompletionItem
}

export function completionProvider(client: LanguageClient): monaco.languages.CompletionItemProvider {
  return {
    triggerCharacters: ['.', '"', "'", '`', '/', '@', '<', '#', ' '],
    provideCompletionItems: async (model, position, context, token) => {
      // A space is asked about only where the server would say something: after `import` and the like.
      if (
        context.triggerCharacter === ' ' &&
        !/\bimport\s$/.test(model.getLineContent(position.lineNumber).slice(0, position.column - 1))
      )
        return undefined
      const list = await client.ask<CompletionItem[] | CompletionList>(
        'textDocument/completion',
        model,
        {
          position: positionOf(position),
          context: {
            triggerKind: context.triggerKind + 1,
            ...(context.triggerCharacter !== undefined && { triggerCharacter: context.triggerCharacter }),
          },
        },
        token,
      )
      if (list === undefined) return undefined
      const {
        items,
        itemDefaults = {},
        isIncomplete,
      } = Array.isArray(list) ? { items: list, isIncomplete: false } : list
      const word = model.getWordUntilPosition(position)
      const here = new monaco.Range(position.lineNumber, word.startColumn, position.lineNumber, position.column)
      return {
        incomplete: isIncomplete,
        suggestions: items.map((given): Item => {
          const edit = given.textEdit
          const defaults = itemDefaults.editRange
          const range =
            edit === undefined
              ? defaults === undefined
                ? here
                : spanOf(defaults)
              : 'range' in edit
                ? rangeOf(edit.range)
                : spanOf(edit)
          const format = given.insertTextFormat ?? itemDefaults.insertTextFormat
          const commit = given.commitCharacters ?? itemDefaults.commitCharacters
          return {
            label: given.labelDetails === undefined ? given.label : { label: given.label, ...given.labelDetails },
            kind: completionKind(given.kind),
            insertText: edit?.newText ?? given.textEditText ?? given.insertText ?? given.label,
            ...(format === 2 && { insertTextRules: monaco.languages.CompletionItemInsertTextRule.InsertAsSnippet }),
            range,
            ...(given.detail !== undefined && { detail: given.detail }),
            ...(given.documentation !== undefined && { documentation: markdownOf(given.documentation) ?? '' }),
            ...(given.sortText !== undefined && { sortText: given.sortText }),
            ...(given.filterText !== undefined && { filterText: given.filterText }),
            ...(given.preselect !== undefined && { preselect: given.preselect }),
            ...(commit !== undefined && { commitCharacters: commit }),
            ...(given.tags !== undefined && { tags: given.tags }),
            ...(given.additionalTextEdits !== undefined && {
              additionalTextEdits: given.additionalTextEdits.map(editOf),
            }),
            given: { ...given, data: given.data ?? itemDefaults.data },
          }
        }),
      }
    },
    resolveCompletionItem: async (item: Item) => {
      if (item.given?.data === undefined) return item
      const full = await client.connection
        .request<CompletionItem>('completionItem/resolve', item.given)
        .catch(() => undefined)
      if (full === undefined) return item
      return {
        ...item,
        ...(full.detail !== undefined && { detail: full.detail }),
        ...(full.documentation !== undefined && { documentation: markdownOf(full.documentation) ?? '' }),
        ...(full.additionalTextEdits !== undefined && { additionalTextEdits: full.additionalTextEdits.map(editOf) }),
      }
    },
  }
}

function spanOf(range: Range | { insert: Range; replace: Range }): monaco.languages.CompletionItem['range'] {
  return 'insert' in range ? { insert: rangeOf(range.insert), replace: rangeOf(range.replace) } : rangeOf(range)
}
