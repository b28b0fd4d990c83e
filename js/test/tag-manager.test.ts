import { readFileSync } from 'node:fs'
import { expect, test, vi } from 'vitest'

// The far end here is Google Tag Manager: what its sandbox gives to a template is stood in for, the template is ours.
const SECTIONS = readFileSync('integrations/google-tag-manager/template.tpl', 'utf8').split(/^___(\w+)___$/m).slice(1)
const names = SECTIONS.filter((_, at) => at % 2 == 0)
const section = (name: string) => SECTIONS[SECTIONS.indexOf(name) + 1]!

const OPTIONS = { url: 'https://bell.example.com', site: 'acme-web', consent: 'required', forms: false }

function run(options: object, allowed = true) {
  const apis = {
    injectScript: vi.fn(),
    logToConsole: vi.fn(),
    queryPermission: vi.fn(() => allowed),
    setInWindow: vi.fn(),
  }
  const ends = { gtmOnSuccess: vi.fn(), gtmOnFailure: vi.fn() }
  const code = new Function('data', 'require', section('SANDBOXED_JS_FOR_WEB_TEMPLATE'))
  code({ ...options, ...ends }, (name: keyof typeof apis) => apis[name])
  return { ...apis, ...ends }
}

test('the template has all its sections', () => {
  expect(names).toEqual([
    'TERMS_OF_SERVICE',
    'INFO',
    'TEMPLATE_PARAMETERS',
    'SANDBOXED_JS_FOR_WEB_TEMPLATE',
    'WEB_PERMISSIONS',
    'TESTS',
    'NOTES',
  ])
  expect(JSON.parse(section('INFO'))).toMatchObject({ type: 'TAG', categories: ['ANALYTICS'], containerContexts: ['WEB'] })
  const fields = JSON.parse(section('TEMPLATE_PARAMETERS')) as { name: string }[]
  expect(fields.map((field) => field.name)).toEqual(['url', 'site', 'consent', 'forms'])
})

test('the template may do nothing but load the script and set its choices', () => {
  const permissions = JSON.parse(section('WEB_PERMISSIONS')) as { instance: { key: { publicId: string } } }[]
  expect(permissions.map((each) => each.instance.key.publicId)).toEqual(['inject_script', 'access_globals', 'logging'])
  const texts = [...section('WEB_PERMISSIONS').matchAll(/"string": "([^"]*)"/g)].map((match) => match[1])
  expect(texts).toEqual(['https://bell.example.com/s/v.js', 'key', 'read', 'write', 'execute', 'doorbellTag', 'debug'])
})

test.each([
  ['https://bell.example.com', false, { site: 'acme-web', consent: 'required' }],
  ['https://bell.example.com/', true, { site: 'acme-web', consent: 'required', forms: '' }],
])('with %s it sets the choices and loads the script', (url, forms, tag) => {
  const did = run({ ...OPTIONS, url, forms })
  expect(did.setInWindow).toHaveBeenCalledWith('doorbellTag', tag, true)
  const script = 'https://bell.example.com/s/v.js'
  expect(did.injectScript).toHaveBeenCalledWith(script, did.gtmOnSuccess, did.gtmOnFailure, script)
})

test('a host that is not allowed fails and says what to do', () => {
  const did = run(OPTIONS, false)
  expect(did.injectScript).not.toHaveBeenCalled()
  expect(did.gtmOnFailure).toHaveBeenCalledTimes(1)
  expect(did.logToConsole.mock.calls[0]![0]).toContain('https://bell.example.com/s/v.js')
})
