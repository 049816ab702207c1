import { isDemo } from '../../state/server.ts';
import { say } from '../../state/app.ts';
import { Icon, type IconName } from '../parts/icons.tsx';

interface Example {
  readonly icon: IconName;
  readonly title: string;
  readonly about: string;
  readonly text: string;
}

const PLOT = `Run this:
\`\`\`python
import numpy as np, matplotlib.pyplot as plt
x = np.linspace(0, 12, 300)
plt.plot(x, np.sin(x) * np.exp(-x / 6))
plt.title("A damped wave")
plt.show()
\`\`\``;

const EXAMPLES: readonly Example[] = [
  {
    icon: 'tool',
    title: 'Two tools at once',
    about: 'Run a line of Python and get the time',
    text: 'Execute: print("Hello") and tell me the time',
  },
  { icon: 'image', title: 'Draw a plot', about: 'A damped wave with numpy and matplotlib', text: PLOT },
  { icon: 'search', title: 'Ask for a time', about: 'What time is it in Tokyo?', text: 'What time is it in Tokyo?' },
];

/** Fills a new chat with a greeting and examples. */
export const Welcome = () => (
  <div class="welcome">
    <h2>What would you like to find out?</h2>
    <p>
      {isDemo.value
        ? 'No language model is connected. Simple rules answer instead, and call the real tools.'
        : 'The model can run code, draw plots and use every tool in the mesh. You see each call it makes.'}
    </p>
    <ul>
      {EXAMPLES.map(({ icon, title, about, text }) => (
        <li>
          <button type="button" onClick={() => say(text)}>
            <Icon name={icon} />
            <span>
              <strong>{title}</strong>
              <small>{about}</small>
            </span>
          </button>
        </li>
      ))}
    </ul>
    {isDemo.value && (
      <p class="hint">To use a language model, set OPENAI_API_KEY or start Ollama, then restart Toolmesh.</p>
    )}
  </div>
);
