import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** The renderer bundle: the same for the desktop window and the browser, and nothing in it comes from the network. */
export default defineConfig({
  root: 'src-renderer',
  base: './',
  plugins: [react()],
  build: {
    outDir: '../dist/renderer',
    emptyOutDir: true,
    target: 'chrome130',
    // Inlined fonts would be `data:` addresses, which the content security policy refuses.
    assetsInlineLimit: 0,
    // Plotly alone is larger; it is loaded when a study is first shown.
    chunkSizeWarningLimit: 1_500,
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            { name: 'react', test: /node_modules\/(react|react-dom|scheduler|zustand)\// },
            { name: 'mantine', test: /node_modules\/(@mantine|@floating-ui|@tabler)\// },
            { name: 'charts', test: /node_modules\/(lightweight-charts|fancy-canvas)\// },
            { name: 'plotly', test: /node_modules\/plotly\.js-basic-dist-min\// },
          ],
        },
      },
    },
  },
});
