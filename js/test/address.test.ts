import { expect, test } from 'vitest'
import { scrub } from '../src/address'

test.each([
  ['https://a.test/x?utm_source=n&pw=secret', 'https://a.test/x?utm_source=n'],
  ['https://a.test/x?pw=secret', 'https://a.test/x'],
  ['https://a.test/x?Utm_source=n&gclid=1&&=2', 'https://a.test/x?gclid=1'],
  ['https://a.test/x?utm_content=a%20b+c', 'https://a.test/x?utm_content=a%20b+c'],
  ['https://a.test/x?my_utm_source=secret&source_token=secret', 'https://a.test/x'],
  ['https://eva:secret@a.test/x', 'https://a.test/x'],
  ['https://a.test/x#access_token=secret', 'https://a.test/x'],
  ['', ''],
  ['about:srcdoc', ''],
  ['file:///home/eva/x.html', ''],
  ['android-app://com.google.android.gm/', ''],
])('%s is told as %s', (address, told) => {
  expect(scrub(address)).toBe(told)
})

test('a site may list parameters of its own', () => {
  expect(scrub('https://a.test/?colour=red&size=9', ['colour', ''])).toBe('https://a.test/?colour=red')
})

test.each([
  ['#/prices', '#/prices'],
  ['#!/prices', '#!/prices'],
  ['#/prices?token=secret', '#/prices'],
  ['#access_token=secret', ''],
  ['#top', ''],
])('of the fragment %s the route %s is told', (fragment, route) => {
  expect(scrub('https://a.test/' + fragment, [], true)).toBe('https://a.test/' + route)
})
