___TERMS_OF_SERVICE___

By creating or modifying this file you agree to Google Tag Manager's Community
Template Gallery Developer Terms of Service available at
https://developers.google.com/tag-manager/gallery-tos (or such other URL as
Google may provide), as modified from time to time.


___INFO___

{
  "type": "TAG",
  "id": "cvt_temp_public_id",
  "version": 1,
  "securityGroups": [],
  "displayName": "Doorbell",
  "categories": ["ANALYTICS"],
  "brand": {
    "id": "brand_dummy",
    "displayName": ""
  },
  "description": "Tells your own Doorbell which pages are seen.",
  "containerContexts": ["WEB"]
}


___TEMPLATE_PARAMETERS___

[
  {
    "type": "TEXT",
    "name": "url",
    "displayName": "Address of Doorbell",
    "simpleValueType": true,
    "defaultValue": "https://bell.example.com",
    "help": "The permission of this template to load a script must name the same host.",
    "valueValidators": [
      { "type": "NON_EMPTY" },
      { "type": "REGEX", "args": ["https://.+"], "errorMessage": "An address that begins with https://" }
    ]
  },
  {
    "type": "TEXT",
    "name": "site",
    "displayName": "Key of the site",
    "simpleValueType": true,
    "valueValidators": [
      { "type": "NON_EMPTY" },
      { "type": "REGEX", "args": ["[A-Za-z0-9_-]{4,40}"], "errorMessage": "4 to 40 letters, digits, - and _" }
    ]
  },
  {
    "type": "SELECT",
    "name": "consent",
    "displayName": "Consent",
    "simpleValueType": true,
    "macrosInSelect": true,
    "defaultValue": "cookieless",
    "selectItems": [
      { "value": "cookieless", "displayValue": "Cookieless: nothing is stored before the visitor agrees" },
      { "value": "required", "displayValue": "Required: nothing is sent before the visitor agrees" },
      { "value": "granted", "displayValue": "Granted: a cookie from the first page view" }
    ]
  },
  {
    "type": "CHECKBOX",
    "name": "forms",
    "checkboxText": "Forms tell who sent them, with consent",
    "simpleValueType": true
  }
]


___SANDBOXED_JS_FOR_WEB_TEMPLATE___

const injectScript = require('injectScript');
const logToConsole = require('logToConsole');
const queryPermission = require('queryPermission');
const setInWindow = require('setInWindow');

const slash = data.url.charAt(data.url.length - 1) === '/' ? '' : '/';
const script = data.url + slash + 's/v.js';

if (queryPermission('inject_script', script)) {
  // Scripts that are loaded from here can have no attributes.
  const tag = { site: data.site, consent: data.consent };
  if (data.forms) tag.forms = '';
  setInWindow('doorbellTag', tag, true);
  injectScript(script, data.gtmOnSuccess, data.gtmOnFailure, script);
} else {
  logToConsole('doorbell: allow ' + script + ' in the permissions of the template, under Injects scripts');
  data.gtmOnFailure();
}


___WEB_PERMISSIONS___

[
  {
    "instance": {
      "key": { "publicId": "inject_script", "versionId": "1" },
      "param": [
        {
          "key": "urls",
          "value": { "type": 2, "listItem": [{ "type": 1, "string": "https://bell.example.com/s/v.js" }] }
        }
      ]
    },
    "clientAnnotations": { "isEditedByUser": true },
    "isRequired": true
  },
  {
    "instance": {
      "key": { "publicId": "access_globals", "versionId": "1" },
      "param": [
        {
          "key": "keys",
          "value": {
            "type": 2,
            "listItem": [
              {
                "type": 3,
                "mapKey": [
                  { "type": 1, "string": "key" },
                  { "type": 1, "string": "read" },
                  { "type": 1, "string": "write" },
                  { "type": 1, "string": "execute" }
                ],
                "mapValue": [
                  { "type": 1, "string": "doorbellTag" },
                  { "type": 8, "boolean": false },
                  { "type": 8, "boolean": true },
                  { "type": 8, "boolean": false }
                ]
              }
            ]
          }
        }
      ]
    },
    "clientAnnotations": { "isEditedByUser": true },
    "isRequired": true
  },
  {
    "instance": {
      "key": { "publicId": "logging", "versionId": "1" },
      "param": [{ "key": "environments", "value": { "type": 1, "string": "debug" } }]
    },
    "clientAnnotations": { "isEditedByUser": true },
    "isRequired": true
  }
]


___TESTS___

scenarios:
- name: The choices are set and the script is loaded
  code: |-
    mock('injectScript', (url, onSuccess) => onSuccess());
    runCode({ url: 'https://bell.example.com', site: 'acme-web', consent: 'required', forms: true });
    assertApi('setInWindow').wasCalledWith('doorbellTag', { site: 'acme-web', consent: 'required', forms: '' }, true);
    assertApi('injectScript').wasCalled();
    assertApi('gtmOnSuccess').wasCalled();
- name: Without the box forms tell nothing
  code: |-
    runCode({ url: 'https://bell.example.com/', site: 'acme-web', consent: 'cookieless', forms: false });
    assertApi('setInWindow').wasCalledWith('doorbellTag', { site: 'acme-web', consent: 'cookieless' }, true);
- name: A script that does not come is a failure
  code: |-
    mock('injectScript', (url, onSuccess, onFailure) => onFailure());
    runCode({ url: 'https://bell.example.com', site: 'acme-web', consent: 'granted' });
    assertApi('gtmOnFailure').wasCalled();
- name: A host that is not allowed is a failure
  code: |-
    runCode({ url: 'https://bell.other.example', site: 'acme-web', consent: 'granted' });
    assertApi('injectScript').wasNotCalled();
    assertApi('gtmOnFailure').wasCalled();


___NOTES___

The tag of https://bell.example.com stands in two places: the default of the first field and the permission.
