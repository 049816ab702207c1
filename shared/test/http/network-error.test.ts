import { expect, test } from '@jest/globals';
import { networkError } from '../../kit/http/network-error.ts';

const failureOf = (code: string | undefined): Error =>
  Object.assign(new Error('failed'), code === undefined ? {} : { code });

test.each([
  ['ECONNREFUSED', 'upstream_failed', 'The peer cannot be reached'],
  ['ENOTFOUND', 'upstream_failed', 'The peer cannot be reached: its host name is not known'],
  ['EHOSTUNREACH', 'upstream_failed', 'The peer cannot be reached: no way leads to its address'],
  ['UND_ERR_CONNECT_TIMEOUT', 'upstream_timeout', 'The peer did not accept a connection in time'],
  ['UND_ERR_HEADERS_TIMEOUT', 'upstream_timeout', 'The peer did not answer in time'],
  [
    'SELF_SIGNED_CERT_IN_CHAIN',
    'upstream_failed',
    'The peer has a certificate that is not trusted; NODE_EXTRA_CA_CERTS names',
  ],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'upstream_failed', 'The peer has a certificate that is not trusted'],
  ['EPROTO', 'upstream_failed', 'The peer does not speak TLS at this address; check http or https in its URL'],
  ['HPE_INVALID_CONSTANT', 'upstream_failed', 'The peer answered with something that is not HTTP'],
  ['HPE_INVALID_EOF_STATE', 'upstream_failed', 'The peer dropped the connection before it had answered'],
  ['Z_DATA_ERROR', 'upstream_failed', 'The peer sent an answer whose compression is broken'],
  ['UND_ERR_RES_EXCEEDED_MAX_SIZE', 'upstream_failed', 'The peer answered with more than 7 bytes'],
  ['ECONNRESET', 'upstream_failed', 'The peer dropped the connection before it had answered'],
  ['UND_ERR_SOCKET', 'upstream_failed', 'The peer dropped the connection before it had answered'],
  [undefined, 'upstream_failed', 'The peer dropped the connection before it had answered'],
])('an exchange that failed by %s is told in words of its own', (code, meshCode, words) => {
  expect(networkError('The peer', failureOf(code), 7)).toMatchObject({
    code: meshCode,
    message: expect.stringContaining(words),
  });
});
