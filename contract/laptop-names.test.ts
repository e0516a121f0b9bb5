import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isLaptopName, laptopName } from './laptop-names.ts'

test('says whose it is, by the name or else the address', () => {
  expect(laptopName({ name: 'Ada Lovelace', email: 'ada@example.com' }, 'x1y2z3')).toBe('laptop-ada-lovelace-x1y2z3')
  expect(laptopName({ name: 'Zoë', email: 'z@example.com' }, 'x1y2z3')).toBe('laptop-zoe-x1y2z3')
  expect(laptopName({ name: '張', email: 'zhang.li@example.com' }, 'x1y2z3')).toBe('laptop-zhang-li-x1y2z3')
  expect(laptopName({ name: '', email: '' }, 'x1y2z3')).toBe('laptop-somebody-x1y2z3')
})

test('whatever people are called, it can stand in a file name', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 200 }), fc.string({ maxLength: 100 }), (name, email) => {
      expect(isLaptopName(laptopName({ name, email }, 'x1y2z3'))).toBe(true)
    }),
  )
})
