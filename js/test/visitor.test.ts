import { afterEach, expect, test } from 'vitest'
import { randomId } from '../src/random'
import { forgetVisitor, isKnown, touchVisitor } from '../src/visitor'

const MINUTE = 60000
const NOON = Date.UTC(2026, 10, 21, 12)

afterEach(forgetVisitor)

test('ids have the shape the protocol wants', () => {
  const { i, ss } = touchVisitor(NOON)
  expect(i).toMatch(/^[0-9a-z-]{8,64}$/)
  expect(ss).toMatch(/^[0-9a-z]{4,32}$/)
})

test('ids do not repeat', () => {
  expect(new Set(Array.from({ length: 1000 }, randomId)).size).toBe(1000)
})

test('29 minutes later it is the same visit', () => {
  const first = touchVisitor(NOON)
  expect(touchVisitor(NOON + 29 * MINUTE)).toEqual(first)
})

test('30 minutes later the same visitor begins a new visit', () => {
  const first = touchVisitor(NOON)
  const later = touchVisitor(NOON + 30 * MINUTE)
  expect(later.i).toBe(first.i)
  expect(later.ss).not.toBe(first.ss)
})

test('each hit keeps the visit open', () => {
  const first = touchVisitor(NOON)
  touchVisitor(NOON + 20 * MINUTE)
  expect(touchVisitor(NOON + 40 * MINUTE).ss).toBe(first.ss)
})

test('a forgotten visitor is a new one', () => {
  const first = touchVisitor(NOON)
  forgetVisitor()
  expect(isKnown()).toBe(false)
  expect(touchVisitor(NOON).i).not.toBe(first.i)
})

test.each(['x', '<script>.y.1', 'a b c', '12345678.1234.soon'])('a cookie somebody wrote (%s) is not ours', (value) => {
  document.cookie = `_doorbell=${value};path=/;domain=acme.test`
  expect(isKnown()).toBe(false)
  expect(touchVisitor(NOON).i).toMatch(/^[0-9a-z]{14}$/)
})
