import type { Check } from './check.ts';
import { resources } from './checks/host/resources.ts';
import { dns } from './checks/network/dns.ts';
import { httpGet } from './checks/network/http-get.ts';
import { tcpConnect } from './checks/network/tcp-connect.ts';
import { tls } from './checks/network/tls.ts';
import { accessLog } from './checks/proxy/access-log.ts';
import { recentChanges } from './checks/proxy/changes.ts';
import { proxyConfig } from './checks/proxy/config.ts';
import { frontDoor } from './checks/proxy/front-door.ts';
import { proxyLog } from './checks/proxy/log.ts';
import { proxyMetrics } from './checks/proxy/metrics.ts';
import { proxyProcess } from './checks/proxy/process.ts';
import { serverStates } from './checks/proxy/server-states.ts';
import { routesState } from './checks/routes/state.ts';
import { serverAddress } from './checks/servers/address.ts';
import { serverLog } from './checks/servers/log.ts';
import { serverProcess } from './checks/servers/process.ts';
import { clients } from './checks/traffic/clients.ts';
import { errorShares } from './checks/traffic/error-shares.ts';
import { paths } from './checks/traffic/paths.ts';
import { volume } from './checks/traffic/volume.ts';

/** Every check, in the order in which a person would look. All of them run, whatever the page lists: a page names, it does not limit. */
export const allChecks: readonly Check[] = [
  proxyMetrics,
  serverStates,
  tcpConnect,
  httpGet,
  tls,
  dns,
  serverAddress,
  accessLog,
  errorShares,
  paths,
  clients,
  volume,
  routesState,
  frontDoor,
  proxyLog,
  recentChanges,
  proxyConfig,
  proxyProcess,
  serverProcess,
  serverLog,
  resources,
];
