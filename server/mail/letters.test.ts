import { expect, test } from 'vitest'
import { nameFrom, nameOfAddress, personName } from '../people/inputs.ts'
import { invitationLetter, nameInLetter } from './letters.ts'

test('a name is no link and no host name', () => {
  for (const name of [
    'http://evil.example',
    'Ann https://x',
    'evil.example',
    'go to evil.example now',
    'www. evil',
    'Www.evil',
    'evil。example',
    'a1.com',
  ]) {
    expect({ name, ...personName.safeParse(name) }).toMatchObject({ name, success: false })
  }
  for (const name of [
    'Ann',
    'J. R. Smith',
    'J.R. Smith',
    'Dr. Ann Lee',
    'Ann Lee jr.',
    'Ann 2.0',
    '李 雷',
    'Ann: the second',
  ])
    expect({ name, ...personName.safeParse(name) }).toMatchObject({ name, success: true })
  for (const given of ['http://evil.example', 'www.evil.example', 'Ann.Lee'])
    expect(personName.safeParse(nameFrom(given)).success).toBe(!given.includes('www'))
  expect(nameOfAddress('evil.example@x.test')).toBe('evil example')
})

test('names in letters are short, and no mail program makes a link of them', () => {
  expect(nameInLetter('http://evil.example/a?b')).toBe('http evil example a b')
  expect(nameInLetter('bob@evil.example\r\nBcc: x')).toBe('bob evil example Bcc x')
  expect(nameInLetter('Zoë O’Brien-Lee (ops)')).toBe('Zoë O’Brien-Lee (ops)')
  expect([...nameInLetter('é'.repeat(100))]).toHaveLength(60)
  expect(nameInLetter('://')).toBe('Somebody')
  const letter = invitationLetter({
    to: 'a@b.test',
    url: 'https://m3o.test/invite/x',
    platform: 'https://m3o.test',
    data: { by: 'http://evil.example', team: 'demo', role: 'viewer' },
  })
  expect(`${letter.subject} ${letter.text}`).not.toMatch(/evil\.|http:/)
  expect(letter.text).toContain('https://m3o.test/invite/x')
})
