import { expect, expectLink, open, panel, test } from './page';

test('prediction: next tokens, the chart, starts, parts of the logit', async ({ page }) => {
  await open(page);
  const details = panel(page);
  await expect(details).toContainText(/1 ?·Mary ?\s*92%/);
  await expect(details).toContainText(/Logit ·Mary − ·the by layer\s*\+3.76/);
  await expect(details).toContainText(/FFN 29\s*\+5.93/);
  await details.getByRole('button', { name: 'Distractor: rank 3' }).click();
  await expect(details).toContainText('Logit ·Mary − ·his by layer');
  await expectLink(page, /versus=/);
  await details.getByRole('button', { name: /L23 ·Mary/ }).click();
  await expect(details).toContainText('Attention, layer 23');
});

test('an attention edge: heads, maps, what the head writes', async ({ page }) => {
  await open(page, '&sel=post.22@1->mid.23@13');
  const details = panel(page);
  const strongest = details.getByRole('button', { name: 'Head 0, share .107' });
  await expect(strongest).toHaveAttribute('aria-pressed', 'true');
  await expect(details).toContainText('Attention0.69');
  await expect(details).toContainText('What head 23.0 writes here');
  await expect(details).toContainText('Adds +1.14 to the logit of ·Mary');
  await details.getByRole('button', { name: 'Head 7, share .077' }).click();
  await expect(details).toContainText('What head 23.7 writes here');
  await expectLink(page, /head=23\.7/);
  await details.getByRole('button', { name: 'part' }).click();
  await expectLink(page, /norm=part/);
});

test('an FFN: neurons open in place', async ({ page }) => {
  await open(page, '&sel=ffn.29@13');
  const details = panel(page);
  await expect(details).toContainText('Top 20 neurons');
  const neuron = details.getByRole('button', { name: /^29\.1233/ });
  await neuron.click();
  await expect(neuron).toHaveAttribute('aria-expanded', 'true');
  await expect(details).toContainText('Its activation is negative');
  await expectLink(page, /neuron=1233/);
});

test('a state: projection, inputs with what was dropped, outputs', async ({ page }) => {
  await open(page, '&sel=mid.23@13');
  const details = panel(page);
  await expect(details).toContainText('·to13, layer 23, after attention');
  await expect(details).toContainText('entropy 1.66 nats');
  await expect(details.locator('.dropped').first()).toContainText('from ·John9');
  await details.getByRole('button', { name: 'Show 30' }).click();
  await expect(details.getByRole('button', { name: 'Show fewer' })).toBeVisible();
  await details.getByRole('button', { name: /from ·Mary/ }).click();
  await expectLink(page, /sel=post\.22@1->mid\.23@13/);
});

test('a state that lost much says so', async ({ page }) => {
  await open(page, '&sel=mid.0@10');
  await expect(panel(page)).toContainText(/\d\d% of the input is below the threshold/);
});

test('residual edges, into both kinds of states', async ({ page }) => {
  await open(page, '&sel=mid.23@13->post.23@13');
  await expect(panel(page)).toContainText('What the residual carries');
  await open(page, '&sel=post.28@13->mid.29@13');
  await expect(panel(page)).toContainText('residual .886 · attention to itself .065');
});
