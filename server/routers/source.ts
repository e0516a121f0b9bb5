import { z } from 'zod'
import { onConflict, type TreeRef } from '#contract/source.ts'
import { PlatformError } from '#contract/errors.ts'
import { type AtService, type AtServiceHere, isInScope } from '../authorize.ts'
import { authorizedService, authorizedServiceHere, router } from '../trpc.ts'
import type { Viewer, Web } from '../web.ts'
import { here } from './services.ts'

/** A commit's tree, or one's own draft in the environment. */
export const sourceRef = z.union([z.object({ commit: z.string() }), z.object({ draft: z.literal(true) })])
const path = z.string().min(1).max(4096)
/** A text that was edited from the content with this hash; null: a new file. */
export const saving = z.object({ path, text: z.string(), expected: z.string().nullable() })
const ofTree = z.object({ ref: sourceRef })

export const source = router({
  tree: authorizedServiceHere('source.read')
    .input(ofTree)
    .query(({ ctx, input }) => ctx.web.runtime.call('source.tree', inTree(ctx, input.ref), ctx.as)),

  read: authorizedServiceHere('source.read')
    .input(ofTree.extend({ path }))
    .query(({ ctx, input }) =>
      ctx.web.runtime.call('source.read', { ...inTree(ctx, input.ref), path: input.path }, ctx.as),
    ),

  search: authorizedServiceHere('source.read')
    .input(
      ofTree.extend({
        query: z.string().min(1).max(1000),
        regex: z.boolean().default(false),
        caseSensitive: z.boolean().default(false),
        limit: z.number().int().min(1).max(2000).default(500),
      }),
    )
    .query(({ ctx, input, signal }) =>
      ctx.web.runtime.call(
        'source.search',
        {
          ...inTree(ctx, input.ref),
          query: input.query,
          regex: input.regex,
          caseSensitive: input.caseSensitive,
          limit: input.limit,
        },
        { ...ctx.as, ...(signal && { signal }) },
      ),
    ),

  /** One's own draft: its base, what changed. */
  status: authorizedServiceHere('source.read').query(({ ctx }) =>
    ctx.web.runtime.call('source.status', draft(ctx), ctx.as),
  ),

  /** `expected`: hash of the content that was edited, null for a new file; refused as `conflict` when it is another now. */
  save: authorizedServiceHere('source.write', { size: 'large' })
    .input(saving)
    .mutation(({ ctx, input: { path, text, expected } }) =>
      ctx.web.runtime.call('source.save', { ...draft(ctx), path, text, expected }, ctx.as),
    ),

  move: authorizedServiceHere('source.write')
    .input(z.object({ from: path, to: path }))
    .mutation(({ ctx, input }) =>
      ctx.web.runtime.call('source.move', { ...draft(ctx), from: input.from, to: input.to }, ctx.as),
    ),

  remove: authorizedServiceHere('source.write')
    .input(z.object({ path }))
    .mutation(({ ctx, input }) => ctx.web.runtime.call('source.remove', { ...draft(ctx), path: input.path }, ctx.as)),

  /** One path, or with null the whole draft, back to its base. */
  revert: authorizedServiceHere('source.write')
    .input(z.object({ path: path.nullable() }))
    .mutation(({ ctx, input }) => ctx.web.runtime.call('source.revert', { ...draft(ctx), path: input.path }, ctx.as)),

  /** What was done to one's own draft within the last day, newest first. */
  steps: authorizedServiceHere('source.read').query(({ ctx }) =>
    ctx.web.runtime.call('source.steps', draft(ctx), ctx.as),
  ),

  /** Begins a step of several saves or uploads, so that one restore undoes them all. */
  mark: authorizedServiceHere('source.write')
    .input(z.object({ kind: z.enum(['replace', 'upload']) }))
    .mutation(({ ctx, input }) => ctx.web.runtime.call('source.mark', { ...draft(ctx), kind: input.kind }, ctx.as)),

  /** Makes paths, or with null all of the draft, what they were before a step. */
  restore: authorizedServiceHere('source.write')
    .input(z.object({ step: z.string().max(64), paths: z.array(path).min(1).max(2000).nullable() }))
    .mutation(({ ctx, input }) =>
      ctx.web.runtime.call('source.restore', { ...draft(ctx), step: input.step, paths: input.paths }, ctx.as),
    ),

  /** Makes the draft what a commit is, as changes to the head of its branch. */
  take: authorizedServiceHere('source.write')
    .input(z.object({ commit: z.string() }))
    .mutation(({ ctx, input }) => ctx.web.runtime.call('source.take', { ...draft(ctx), commit: input.commit }, ctx.as)),

  /** Merges the branch's new head into the draft; refused as `conflict`, naming the files, unless it is said what to do with them. */
  update: authorizedServiceHere('source.write')
    .input(z.object({ onConflict: onConflict.default('refuse') }))
    .mutation(({ ctx, input }) =>
      ctx.web.runtime.call('source.update', { ...draft(ctx), onConflict: input.onConflict }, ctx.as),
    ),

  history: authorizedServiceHere('source.read')
    .input(
      z.object({
        before: z.string().nullable().default(null),
        limit: z.number().int().min(1).max(200).default(50),
        path: path.optional(),
      }),
    )
    .query(({ ctx, input }) =>
      ctx.web.runtime.call(
        'source.history',
        {
          ...here(ctx.at),
          before: input.before,
          limit: input.limit,
          ...(input.path !== undefined && { path: input.path }),
        },
        ctx.as,
      ),
    ),

  /** Between two commits; `from` null is the empty tree. */
  diff: authorizedService('source.read', { listing: true })
    .input(z.object({ from: z.string().nullable(), to: z.string() }))
    .query(({ ctx, input }) =>
      ofService(ctx).runtime.call(
        'source.diff',
        { serviceId: ctx.at.serviceId, from: input.from, to: input.to },
        ctx.as,
      ),
    ),

  /** Who else has changes here that are not committed. */
  drafts: authorizedServiceHere('source.read').query(({ ctx }) =>
    ctx.web.runtime.call('source.drafts', here(ctx.at), ctx.as),
  ),
})

/** A repository is of all environments: a token for some of them may look, one for other services may not. */
function ofService({ web, viewer, at }: { web: Web; viewer: Viewer; at: AtService }): Web {
  if (isInScope(viewer, { serviceId: at.serviceId })) return web
  throw new PlatformError('not_found', `service ${at.service} does not exist`)
}

interface Place {
  at: AtServiceHere
  viewer: Viewer
}

const draft = ({ at, viewer }: Place) => ({ ...here(at), userId: viewer.person.id })

/** Nobody names whose draft: it is always the viewer's own. */
export const inTree = ({ at, viewer }: Place, ref: z.infer<typeof sourceRef>): { serviceId: string; ref: TreeRef } => ({
  serviceId: at.serviceId,
  ref:
    'commit' in ref ? { commit: ref.commit } : { draft: { userId: viewer.person.id, environmentId: at.environmentId } },
})
