/** Whether the host part of `host` or `host:port` is an IP address and not a name. Brackets around IPv6 are accepted. */
export function isIpLiteral(address: string): boolean {
  const host = address.startsWith('[') ? address.slice(1, address.indexOf(']')) : address.replace(/:\d+$/, '');
  return /^\d{1,3}(\.\d{1,3}){3}$/.test(host) || /^[0-9a-f:.]*:[0-9a-f:.]*$/i.test(host);
}
