import './noEval.ts';
import '@fontsource-variable/inter/index.css';
import '@fontsource-variable/jetbrains-mono/index.css';
import '@mantine/core/styles.css';
import '@mantine/notifications/styles.css';
import '@mantine/spotlight/styles.css';
import './styles/base.css';
import './styles/frame.css';
import './styles/panels.css';
import './styles/parts.css';
import './styles/tables.css';
import './styles/floating.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './App.tsx';
import { startSync } from './state/sync.ts';
import { startConnection } from './ui/rpc.ts';

startSync();
startConnection();
const root = document.getElementById('root');
if (!root) throw new Error('index.html lacks #root');
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
