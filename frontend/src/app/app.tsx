import { ThemeProvider } from '@mui/material/styles';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { lazy, useState } from 'react';
import { BrowserRouter, Route, Routes } from 'react-router';
import { ApiContext, createApi } from '../api/client.ts';
import type { Config } from '../config.ts';
import { UsersPage } from '../features/users/users-page.tsx';
import { I18nProvider } from '../i18n/i18n-provider.tsx';
import { ConfigContext } from './config-context.ts';
import { ConfigurationFault } from './configuration-fault.tsx';
import { Layout } from './layout.tsx';
import { MessageProvider } from './message-provider.tsx';
import { NotFoundPage } from './not-found-page.tsx';
import { makeTheme } from './theme.ts';

const AccessPage = lazy(() => import('../features/access/access-page.tsx'));
const DeploymentPage = lazy(() => import('../features/deployment/deployment-page.tsx'));
const EnvironmentPage = lazy(() => import('../features/environment/environment-page.tsx'));

/** @param configuration what the container was told, or why there is none. */
export function App({ configuration }: { configuration: Config | Error }) {
  // Made here and not when the module is loaded: it is the longest task of the first load, and so one of its own.
  const [theme] = useState(makeTheme);
  return (
    <ThemeProvider theme={theme} noSsr>
      <I18nProvider>
        {configuration instanceof Error ? (
          <ConfigurationFault fault={configuration.message} />
        ) : (
          <Application config={configuration} />
        )}
      </I18nProvider>
    </ThemeProvider>
  );
}

function Application({ config }: { config: Config }) {
  const [api] = useState(() => createApi(config.apiUrl));
  const [queries] = useState(
    () =>
      new QueryClient({
        defaultOptions: {
          // Pages say themselves what an error means. The API may be reached without the internet.
          // What could not be loaded is asked for again as long as somebody looks; `failureReason` says meanwhile why.
          queries: { retry: true, retryDelay: 3000, networkMode: 'always', staleTime: 5000 },
          mutations: { retry: false, networkMode: 'always' },
        },
      }),
  );
  return (
    <ConfigContext value={config}>
      <ApiContext value={api}>
        <QueryClientProvider client={queries}>
          <MessageProvider>
            <BrowserRouter>
              <Routes>
                <Route element={<Layout />}>
                  <Route index element={<UsersPage />} />
                  <Route path="connexion" element={<AccessPage />} />
                  <Route path="deploiement" element={<DeploymentPage />} />
                  <Route path="environnement" element={<EnvironmentPage />} />
                  <Route path="*" element={<NotFoundPage />} />
                </Route>
              </Routes>
            </BrowserRouter>
          </MessageProvider>
        </QueryClientProvider>
      </ApiContext>
    </ConfigContext>
  );
}
