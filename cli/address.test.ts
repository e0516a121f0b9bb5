import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isPlatformError } from '#contract/errors.ts'
import { addressOf, labelOf, parseAddress, spokenOf } from './address.ts'

const laptop = 'http://127.0.0.1:4000'
const prod = 'https://prod.example.com'
const stage = 'https://stage.example.com'
const urls = [laptop, prod, stage, 'https://stage.example.org', 'https://tools.example.com/m3o']

test('an environment is here, or on a platform that is called by URL, host, its beginning, or laptop', () => {
  expect(parseAddress('alice', urls)).toEqual({ environment: 'alice' })
  expect(parseAddress('prod', urls)).toEqual({ environment: 'prod' })
  for (const name of ['prod.example.com', prod, 'prod', 'prod.example']) {
    expect(parseAddress(`${name}/alice`, urls)).toEqual({ url: prod, environment: 'alice' })
    expect(parseAddress(`${name}/shop/alice`, urls)).toEqual({ url: prod, team: 'shop', environment: 'alice' })
    expect(parseAddress(`${name}/`, urls)).toEqual({ url: prod })
  }
  expect(parseAddress('prod.example.com', urls)).toEqual({ url: prod })
  for (const name of ['127.0.0.1:4000', '127.0.0.1', 'laptop'])
    expect(parseAddress(`${name}/production`, urls)).toEqual({ url: laptop, environment: 'production' })
  expect(parseAddress('tools.example.com/m3o/alice', urls)).toEqual({
    url: 'https://tools.example.com/m3o',
    environment: 'alice',
  })
})

test('a platform is called no longer than it must be', () => {
  expect(spokenOf(laptop, urls)).toBe('laptop')
  expect(spokenOf('http://127.0.0.1:4000', ['http://127.0.0.1:4000', 'http://127.0.0.1:5000'])).toBe('127.0.0.1:4000')
  expect(spokenOf('http://127.0.0.1:4000', ['http://127.0.0.1:4000', 'https://laptop.example.com'])).toBe('127.0.0.1')
  expect(spokenOf('https://prod.example.com:8443', ['https://prod.example.com:8443', laptop])).toBe('prod.example.com')
  expect(spokenOf(prod, urls)).toBe('prod.example.com')
})

test('what could be several is refused with their names, what is none with how to log in', () => {
  const why = (text: string) => {
    try {
      parseAddress(text, urls)
    } catch (error) {
      if (isPlatformError(error)) return `${error.message}. ${error.fix}`
    }
    return undefined
  }
  expect(why('stage/alice')).toBe(
    'stage is ambiguous: it matches stage.example.com and stage.example.org. Give a longer part of the address.',
  )
  expect(why('stag/alice')).toMatch(
    /^you are not logged in to a platform named stag\. Log in: m3o login --url https:\/\/stag\. You are logged in to 127\.0\.0\.1:4000, prod\.example\.com, /,
  )
  expect(why('https://else.example.com/alice')).toMatch(/not logged in to a platform named https:\/\/else/)
  expect(why('prod/a/b/c')).toMatch(/invalid environment address/)
  expect(why('prod//b')).toMatch(/invalid environment address/)
})

test('where two have the same host, the whole URL says which', () => {
  const both = ['http://a.example.com', 'https://a.example.com']
  expect(both.map((url) => labelOf(url, both))).toEqual(both)
  expect(parseAddress('https://a.example.com/alice', both)).toEqual({
    url: 'https://a.example.com',
    environment: 'alice',
  })
  expect(() => parseAddress('a.example.com/alice', both)).toThrow('is ambiguous')
})

test('what is listed as an address leads there', () => {
  const name = fc.stringMatching(/^[a-z](-?[a-z0-9]){0,5}$/)
  fc.assert(
    fc.property(fc.constantFrom(...urls), name, fc.option(name, { nil: undefined }), (url, environment, team) => {
      expect(parseAddress(addressOf(url, urls, { team, environment }), urls)).toEqual({
        url,
        environment,
        ...(team !== undefined && { team }),
      })
    }),
  )
})
