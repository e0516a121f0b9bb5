/**
 * Runs before anything is drawn. Libraries create style elements, which the content security policy refuses unless they
 * carry the page's nonce; and `mod` in shortcuts is ⌘ on Apple's keyboards.
 */
const script = (nonce: string) => `(() => {
  const nonce = ${JSON.stringify(nonce)}
  const create = document.createElement
  document.createElement = function (name, options) {
    const element = create.call(this, name, options)
    if (/^style$/i.test(name)) element.nonce = nonce
    return element
  }
  if (/mac|iphone|ipad/i.test(navigator.platform)) document.documentElement.dataset.apple = ''
})()`

export function ThemeScript({ nonce }: { nonce: string }) {
  // Browsers hide a nonce from scripts, so the markup React finds differs from the one it made.
  return (
    <script
      nonce={nonce}
      suppressHydrationWarning
      dangerouslySetInnerHTML={{ __html: script(nonce.replace(/[^\w+/=-]/g, '')) }}
    />
  )
}
