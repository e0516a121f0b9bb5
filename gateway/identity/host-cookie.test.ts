import { expect, test } from 'vitest'
import { HostCookies } from './host-cookie.ts'

const cookies = new HostCookies(Buffer.alloc(32, 1), 'http')

test("a service sets none of the platform's cookies, also not by a cookie without a name", () => {
  for (const name of ['m3o-console-1234', 'authjs.session-token', cookies.name, '__Host-m3o-console-1']) {
    for (const pair of [
      `${name}=x`,
      `=${name}=x`,
      ` = ${name}=x`,
      `==${name}=x`,
      `\t=\t${name} =x`,
      name,
      `=${name}`,
      `a\x01=b; ${name}=x`,
    ]) {
      expect(cookies.confine(`${pair}; Path=/`), pair).toBeUndefined()
      if (!pair.startsWith('a')) expect(cookies.strip(pair), pair).toBeUndefined()
    }
  }
  expect(cookies.strip('M3O-CONSOLE-1=x; theme=dark')).toBe('theme=dark')
})

test('other cookies stay, without their domain', () => {
  expect(cookies.confine('theme=m3o-console; Domain=example.com; Path=/')).toBe('theme=m3o-console; Path=/')
  expect(cookies.confine('=plain; Path=/')).toBe('=plain; Path=/')
})
