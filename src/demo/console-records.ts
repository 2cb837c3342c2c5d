/** What the demo console administers: a handful of records in memory, gone at exit. */

/** One person as the legacy console knows them; it has nothing to do with our own users. */
export interface ConsoleRecord {
  readonly id: number;
  readonly name: string;
  readonly email: string;
  readonly department: string;
  readonly role: 'Viewer' | 'Operator' | 'Administrator';
  readonly isActive: boolean;
}

/** The roles that the console hands out. */
export const consoleRoles = ['Viewer', 'Operator', 'Administrator'] as const;

/** The settings page's values. */
export interface ConsoleSettings {
  readonly siteName: string;
  readonly retentionDays: number;
  readonly maintenance: 'off' | 'on';
}

/** Holds the records of one running console. */
export class ConsoleRecords {
  #people: readonly ConsoleRecord[] = firstPeople;
  #settings: ConsoleSettings = {
    siteName: 'Cluster Manager',
    retentionDays: 90,
    maintenance: 'off',
  };

  list(): readonly ConsoleRecord[] {
    return this.#people;
  }

  find(id: number): ConsoleRecord | null {
    return this.#people.find((person) => person.id === id) ?? null;
  }

  /** Changes a record by what a form sent; fields that make no sense are left as they were. */
  change(id: number, form: URLSearchParams): void {
    this.#people = this.#people.map((person) =>
      person.id === id ? changedRecord(person, form) : person,
    );
  }

  settings(): ConsoleSettings {
    return this.#settings;
  }

  changeSettings(form: URLSearchParams): void {
    const retentionDays = Number(form.get('retentionDays'));
    this.#settings = {
      siteName: shortText(form.get('siteName')) ?? this.#settings.siteName,
      retentionDays:
        Number.isInteger(retentionDays) && retentionDays > 0 && retentionDays <= 3650
          ? retentionDays
          : this.#settings.retentionDays,
      maintenance: form.get('maintenance') === 'on' ? 'on' : 'off',
    };
  }
}

function changedRecord(person: ConsoleRecord, form: URLSearchParams): ConsoleRecord {
  const role = consoleRoles.find((known) => known === form.get('role'));
  return {
    ...person,
    name: shortText(form.get('name')) ?? person.name,
    email: shortText(form.get('email')) ?? person.email,
    department: shortText(form.get('department')) ?? person.department,
    role: role ?? person.role,
    isActive: form.has('status') ? form.get('status') === 'active' : person.isActive,
  };
}

function shortText(value: string | null): string | null {
  const text = value?.trim().slice(0, 80) ?? '';
  return text === '' ? null : text;
}

// prettier-ignore
const firstPeople: readonly ConsoleRecord[] = [
  { id: 1, name: 'Lerato Mokoena',    email: 'lerato.mokoena@corp.example',    department: 'Platform',   role: 'Administrator', isActive: true },
  { id: 2, name: 'Pieter van Wyk',    email: 'pieter.vanwyk@corp.example',     department: 'Platform',   role: 'Operator',      isActive: true },
  { id: 3, name: 'Grace Otieno',      email: 'grace.otieno@corp.example',      department: 'Research',   role: 'Viewer',        isActive: true },
  { id: 4, name: 'Tomasz Lewandowski', email: 'tomasz.lewandowski@corp.example', department: 'Security', role: 'Operator',      isActive: true },
  { id: 5, name: 'Amina Yusuf',       email: 'amina.yusuf@corp.example',       department: 'Finance',    role: 'Viewer',        isActive: false },
  { id: 6, name: 'Henrik Solberg',    email: 'henrik.solberg@corp.example',    department: 'Research',   role: 'Viewer',        isActive: true },
  { id: 7, name: 'Naledi Dlamini',    email: 'naledi.dlamini@corp.example',    department: 'Platform',   role: 'Operator',      isActive: true },
  { id: 8, name: 'Marco Bianchi',     email: 'marco.bianchi@corp.example',     department: 'Facilities', role: 'Viewer',        isActive: true },
  { id: 9, name: 'Yuki Tanaka',       email: 'yuki.tanaka@corp.example',       department: 'Research',   role: 'Operator',      isActive: true },
];
