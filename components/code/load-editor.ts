/** The editor's code, which is heavy: asked for as soon as somebody seems about to edit. */
export const loadEditor = () => import('./ide-view.tsx')
