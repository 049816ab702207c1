import { isDemo } from '../state/server.ts';
import { say } from '../state/app.ts';
import { Icon, type IconName } from './icons.tsx';

const EXAMPLES: readonly { readonly icon: IconName; readonly title: string; readonly text: string }[] = [
  { icon: 'tool', title: 'Two tools at once', text: 'Execute: print("Hello") and tell me the time' },
  {
    icon: 'image',
    title: 'Draw a plot',
    text: 'Run this:\n```python\nimport numpy as np, matplotlib.pyplot as plt\nx = np.linspace(0, 12, 300)\nplt.plot(x, np.sin(x) * np.exp(-x / 6))\nplt.title("A damped wave")\nplt.show()\n```',
  },
  { icon: 'search', title: 'Ask for the time elsewhere', text: 'What time is it in Tokyo?' },
];

/** What a new chat shows instead of nothing. */
export const Welcome = () => (
  <div class="welcome">
    <h2>What shall we find out?</h2>
    <p>
      {isDemo.value
        ? 'No language model is connected: simple rules answer, and call the real tools.'
        : 'The model can run code, draw plots and use every tool of the mesh. You see each call that it makes.'}
    </p>
    <ul>
      {EXAMPLES.map(({ icon, title, text }) => (
        <li>
          <button type="button" onClick={() => say(text)}>
            <Icon name={icon} />
            <span>
              <strong>{title}</strong>
              <small>{text.replaceAll(/\s*```\w*\s*/g, ' ').slice(0, 90)}</small>
            </span>
          </button>
        </li>
      ))}
    </ul>
    {isDemo.value && (
      <p class="hint">For a language model set OPENAI_API_KEY, or start Ollama, and start Toolmesh again.</p>
    )}
  </div>
);
