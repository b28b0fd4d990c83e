import { expect, test } from 'vitest'
import { decideKind, isPassword } from '../src/fields'

test.each([
  ['email,,e,', 'eva@acme.test', 'email'],
  ['email,email,e,', 'eva@acme.test', 'email'],
  ['text,,your_email,', 'eva@acme.test', 'email'],
  ['text,,e-post,', 'eva@acme.test', 'email'],
  ['text,,email,', 'not an address', undefined],
  ['tel,,f,phone', '+46 70 174 06 05', 'phone'],
  ['tel,tel,x,', '(0)8-123 456 78', 'phone'],
  ['text,,mobil,', '0739 12 34 56', 'phone'],
  ['text,organization,,', 'Acme AB', 'company'],
  ['text,,företag,', 'Åkes bygg', 'company'],
  ['text,,name,', 'Eva', 'name'],
  ['text,,firstname,', 'Eva', 'name'],
  ['text,given-name,f1,', 'Eva', 'name'],
  ['text,,efternamn,', 'Åkesson', 'name'],
  ['text,,message,', 'Eva', undefined],
] as const)('%s with %s is %s', (names, value, kind) => {
  expect(decideKind(names, value)).toBe(kind)
})

test.each([
  ['tel,,phone,', '850709-9805'],
  ['tel,,phone,', '8507099805'],
  ['text,,phone,', '19850709-9805'],
  ['text,,phone,', '198507099805'],
  ['text,,phone,', '050709 9805'],
  ['text,,personnummer,', '850709-9805'],
  ['text,,name,', '850709-9805'],
  ['tel,,phone,', '4111 1111 1111 1111'],
  ['tel,,phone,', '4111111111111'],
  ['tel,,phone,', '6304000000000000000'],
  ['text,,company,', '4111-1111-1111-1111'],
  ['text,,email,', '4111111111111111@acme.test'],
  ['text,cc-name,x,', 'Eva Åkesson'],
  ['text,,name_on_card,', 'Eva Åkesson'],
  ['text,,namn på kort,', 'Eva Åkesson'],
  ['text,,username,', 'eva'],
  ['tel,,cardnumber,', '4111111'],
  ['hidden,,email,', 'eva@acme.test'],
  ['textarea,,name,', 'Eva'],
  ['password,,name,', 'hunter2'],
  ['number,,phone,', '4681234567'],
  ['checkbox,,name,', 'Eva'],
])('%s with %s is nobody\'s business', (names, value) => {
  expect(decideKind(names, value)).toBe(undefined)
})

test.each(['password,,x,', 'text,,password_shown,', 'text,new-password,,', 'text,,lösenord,'])('%s is for a password', (names) => {
  expect(isPassword(names)).toBe(true)
})
