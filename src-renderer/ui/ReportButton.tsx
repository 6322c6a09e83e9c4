import { Button, Group, Modal } from '@mantine/core';
import { IconDownload, IconReportAnalytics } from '@tabler/icons-react';
import { useState } from 'react';
import { downloadText } from './download.ts';
import { rpc } from './rpc.ts';
import { ErrorLine } from './states.tsx';

/** What the report is about; the engine adds what belongs to it. */
export interface ReportSources {
  readonly modelId: string;
  readonly backtestId?: string | undefined;
  readonly studyId?: string | undefined;
  readonly sessionId?: string | undefined;
}

interface Written {
  readonly path: string;
  readonly html: string;
}

async function write(sources: ReportSources): Promise<Written> {
  const { reportId, path } = await rpc.report.write(sources);
  const { html } = await rpc.report.read({ reportId });
  return { path, html };
}

/** Writes a report into the data folder and shows it; the file opens anywhere without Frontier. */
export function ReportButton({ sources }: { readonly sources: ReportSources }) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const [report, setReport] = useState<Written>();
  const start = () => {
    setBusy(true);
    setError(undefined);
    write(sources)
      .then(setReport, setError)
      .finally(() => setBusy(false));
  };
  return (
    <>
      {error !== undefined && <ErrorLine error={error} />}
      <Button
        leftSection={<IconReportAnalytics size={14} aria-hidden />}
        onClick={start}
        loading={busy}
        data-testid="report-write"
      >
        Report
      </Button>
      <Modal opened={report !== undefined} onClose={() => setReport(undefined)} title="Report" size={900}>
        {report && <ReportView report={report} />}
      </Modal>
    </>
  );
}

function ReportView({ report }: { readonly report: Written }) {
  const fileName = report.path.split('/').at(-1) ?? 'report.html';
  return (
    <>
      <Group justify="space-between" mb="xs">
        <span className="ft-dim">Written to {report.path} in the data folder.</span>
        <Button
          leftSection={<IconDownload size={14} aria-hidden />}
          onClick={() => downloadText(fileName, report.html, 'text/html;charset=utf-8')}
        >
          Save a copy
        </Button>
      </Group>
      {/* Sandboxed without any permission: the report has no script and gets none. */}
      <iframe
        title="Report"
        sandbox=""
        srcDoc={report.html}
        data-testid="report-frame"
        style={{ width: '100%', height: '70vh', border: 0, borderRadius: 4 }}
      />
    </>
  );
}
