/* What usually listens there; only to help the eye. */
import { lang } from './i18n.js';

const names = {
  tcp: { 21: 'FTP', 22: 'SSH', 23: 'Telnet', 25: 'SMTP', 53: 'DNS', 80: 'HTTP', 81: 'HTTP', 110: 'POP3', 111: 'RPC', 135: 'MSRPC', 137: 'NetBIOS', 139: 'NetBIOS', 143: 'IMAP', 389: 'LDAP', 443: 'HTTPS', 445: 'SMB', 465: 'SMTPS', 502: 'Modbus', 587: 'SMTP', 631: 'IPP', 993: 'IMAPS', 995: 'POP3S', 1080: 'SOCKS', 1433: 'MS SQL', 1521: 'Oracle', 1723: 'PPTP', 1883: 'MQTT', 2222: 'SSH', 2323: 'Telnet', 2375: 'Docker', 3128: 'Proxy', 3306: 'MySQL', 3389: 'RDP', 5060: 'SIP', 5358: 'WSD', 5432: 'PostgreSQL', 5555: 'ADB', 5900: 'VNC', 5985: 'WinRM', 6379: 'Redis', 6443: 'Kubernetes', 7547: 'CWMP', 8080: 'HTTP', 8081: 'HTTP', 8291: 'Winbox', 8443: 'HTTPS', 8545: 'Ethereum', 8728: 'RouterOS', 9200: 'Elasticsearch', 11211: 'memcached', 20000: 'DNP3', 27017: 'MongoDB', 37215: 'Huawei HG', 49152: 'UPnP', 52869: 'Realtek UPnP' },
  udp: { 19: 'chargen', 53: 'DNS', 69: 'TFTP', 111: 'RPC', 123: 'NTP', 137: 'NetBIOS', 161: 'SNMP', 389: 'CLDAP', 500: 'IKE', 520: 'RIP', 1194: 'OpenVPN', 1434: 'MS SQL', 1701: 'L2TP', 1900: 'SSDP', 3283: 'ARD', 3478: 'STUN', 3702: 'WS-Discovery', 4500: 'IPsec', 5060: 'SIP', 5093: 'Sentinel', 5351: 'NAT-PMP', 5353: 'mDNS', 5683: 'CoAP', 6881: 'BitTorrent', 10001: 'Ubiquiti', 11211: 'memcached', 27015: 'Source', 37810: 'DHDiscover', 47808: 'BACnet', 53413: 'Netis' },
};
const icmp = { 0: ['echo reply', 'エコー応答'], 3: ['unreachable', '到達不能'], 5: ['redirect', 'リダイレクト'], 8: ['echo request', 'エコー要求'], 11: ['time exceeded', '時間超過'] };
export function service(port) {
  const [number, proto = ''] = port.split('/');
  if (number === 'icmp') return icmp[proto.split('.')[0]]?.[lang.value === 'ja' ? 1 : 0] || '';
  return names[proto]?.[number] || '';
}
