// npm run measure: times, not tests. Alone on the machine, or they mean little.
import config from '../../playwright.config';

export default { ...config, testDir: '.', testMatch: 'measure.ts', workers: 1, fullyParallel: false };
