# SPDX-License-Identifier: GPL-3.0-or-later
"""Small templates for chat_goldens.py, one construct each. They see `messages` (CONVERSATION),
`words`, `numbers`, `table`, `word`, `padded`, `flag` and `nothing`."""

CONVERSATION = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "  Hi there \n"},
    {"role": "assistant", "content": "Hello!"},
    {"role": "user", "content": "Grüße, 漢字 & <b>"},
]
# The product's render() takes messages only: the other variables are set at the head of each snippet.
HEAD = """{%- set words = ['pear', 'Apple', 'fig', 'apple'] -%}
{%- set numbers = [3, 1, 2.5, -4] -%}
{%- set table = {'b': 2, 'a': [1, none, true], 'c': {'deep': 'x\\'y'}} -%}
{%- set word = 'naïve' -%}
{%- set padded = '\\u00a0 two  words \\n' -%}
{%- set flag = true -%}
{%- set nothing = none -%}
"""

EXPRESSIONS = """
1 + 2 * 3 - 4
(1 + 2) * 3
7 // 2 ~ ' ' ~ -7 // 2 ~ ' ' ~ 7 % 3 ~ ' ' ~ -7 % 3
7 / 2
6 / 2
2 ** 10
2 ** -1
-2 ** 2
1.5 + 1
1e3
0.1 + 0.2
1e16
1e-7
123456789.125
7.5 // 2
-7.5 % 2
1_000 + 1
true + true
-flag
+3
'a' 'b' "c"
'a' + 'b' ~ 1 ~ none ~ true ~ 1.0
'ab' * 3
[1] * 2 + [2]
'\\n\\t\\\\\\'\\"\\x41\\u00e9' | tojson
'\\d'
"it's" ~ 'say "x"'
['it\\'s', "q\\"", 'both\\'"', 'nl\\n']
1 < 2 < 3
1 < 3 < 2
1 == 1.0
1 == true
'a' == 'a'
'a' != 'b'
none == none
nothing is none and nothing == none
missing == missing
'abc' < 'abd'
[1, 2] < [1, 3]
[1, 2] == [1, 2]
{'a': 1} == {'a': 1.0}
'v' in word
'x' not in word
2.5 in numbers
'a' in table
'z' in table
not 'z' in table
'x' in missing
1 in [1] and 2 not in [1]
true and 'yes'
false or 'no'
0 or '' or 'last'
'' and 'x'
not not 1
not flag or flag
'a' if flag else 'b'
'a' if not flag else 'b'
'a' if not flag
'a' if false else 'b' if false else 'c'
word[0] ~ word[2] ~ word[-1]
word[1:3]
word[::-1]
word[:-2]
word[10:]
word[-100:2]
numbers[1]
numbers[-1]
numbers[::-1]
numbers[::2]
numbers[3:0:-1]
numbers[10]
numbers[:2] + numbers[2:]
numbers[-1:]
numbers[5:1]
[] [0:1]
numbers.0
table.b
table['b']
table.a[1]
table.c.deep
table.missing
table['missing'] is defined
table.get('b')
table.get('zz')
table.get('zz', 'other')
table.keys() | list
table.values() | list
(table.items() | list)[0][0]
table
[table]
messages[0].role
messages[0]['content']
messages[-1]['content']
messages | length
messages[1:] | length
missing
missing is defined
missing is not defined
missing is undefined
missing or 'fallback'
missing | default('d')
'' | default('d')
'' | default('d', true)
none | default('d')
none | d('d', boolean=true)
missing | length
missing | upper
missing | list
missing | join(',')
flag is true
flag is false
1 is true
flag is boolean
1 is boolean
1 is number
1.5 is number
flag is number
'1' is number
1 is integer
flag is integer
1.0 is float
'a' is string
1 is string
table is mapping
numbers is mapping
numbers is iterable
'abc' is iterable
1 is iterable
missing is iterable
numbers is sequence
table is sequence
range is callable
3 is odd
4 is even
9 is divisibleby 3
9 is divisibleby(4)
3 is equalto 3
3 is eq(4)
3 is ne 4
3 is gt 2
3 is lessthan 2
3 is ge 3
3 is in [1, 3]
3 is not in [1, 3]
'abc' is in 'xabcx'
none is sameas none
1 is sameas true
'abc' is lower
'ABC' is upper
3 is not none
missing is not none
'a' is string and 'b' is string
padded | trim
'xxaxx' | trim('x')
padded.strip() ~ '|'
'  left '.lstrip() ~ '|'
' right  '.rstrip() ~ '|'
'..a..'.strip('.')
'xyaxy'.strip('yx')
'abc' | upper
'ABC dEf' | lower
'hELLO wORLD' | capitalize
'hELLO wORLD' | title
"it's o'clock-time" | title
"it's o'clock-time".title()
'abc'.upper() ~ 'ABC'.lower() ~ 'abc def'.capitalize()
'a,b,,c'.split(',')
'a,b,c'.split(',', 1)
'a,b,c'.rsplit(',', 1)
'  a  b c '.split()
'  a  b c '.split(none, 1)
'  a  b c '.rsplit(none, 1)
''.split()
''.split(',')
'a<sep>b<sep>c'.split('<sep>')[-1]
'one\\ntwo\\r\\nthree\\n'.splitlines()
'a=b=c'.partition('=') | list
'abc'.startswith('ab')
'abc'.startswith(('x', 'a'))
'abc'.endswith('bc')
'abc'.endswith(('x', 'y'))
'banana'.replace('an', 'AN')
'banana'.replace('an', 'AN', 1)
'banana' | replace('a', 'o')
'banana' | replace('a', 'o', 2)
'banana'.find('na')
'banana'.rfind('na')
'banana'.find('x')
'naïve'.find('v')
'banana'.count('an')
'123'.isdigit()
'12a'.isdigit()
''.isdigit()
'abc'.isalpha()
'ab1'.isalnum()
'  '.isspace()
'ABC'.isupper()
'abc1'.islower()
'prefix-x'.removeprefix('prefix-')
'x.txt'.removesuffix('.txt')
', '.join(['a', 'b'])
word | length
'漢字😀' | length
numbers | length
table | count
words | join
words | join(', ')
numbers | join('|')
messages | join('/', attribute='role')
numbers | first
numbers | last
'xyz' | first
[] | first
[] | last | default('none there')
'añb' | list
table | list
numbers | reverse | list
'abc' | reverse
words | sort
words | sort(case_sensitive=true)
words | sort(reverse=true)
numbers | sort
messages | sort(attribute='role') | map(attribute='role') | list
words | unique | list
words | unique(case_sensitive=true) | list
numbers | min
numbers | max
words | min
[1, 2, 3.5] | sum
messages | map(attribute='content') | map('length') | sum
table | dictsort | map('first') | list
words | map('upper') | list
words | map('replace', 'p', 'P') | list
messages | map(attribute='nope', default='-') | list
[0, 1, '', 'x'] | select | list
[0, 1, '', 'x'] | reject | list
[1, 2, 3, 4] | select('odd') | list
[1, 2, 3, 4] | reject('gt', 2) | list
[1, 2, 3, 4] | select('>', 2) | list
messages | selectattr('role', 'equalto', 'user') | list | length
messages | selectattr('role', '==', 'user') | map(attribute='content') | list
messages | rejectattr('role', 'in', ['user', 'system']) | map(attribute='role') | join(',')
messages | selectattr('nope') | list
messages | selectattr('role', 'defined') | list | length
'42' | int + 1
'4.9' | int
'x' | int
'x' | int(7)
' 12 ' | int
3.99 | int
-3.99 | int
true | int
'2.5' | float
'x' | float
3 | float
-3 | abs
42 | string ~ '!'
none | string
['a', 1, none, true, 2.5] | string
'<b>' | safe
table | items | list | length
'a\\nb\\n\\nc' | indent
'a\\nb\\n\\nc' | indent(2, true)
'a\\nb\\n\\nc' | indent(width=1, blank=true)
table | tojson
table | tojson(indent=2)
[] | tojson ~ {} | tojson
[] | tojson(indent=4) ~ ({} | tojson(indent=4))
[1, 1.5, 'é<>&"\\\\', none, false] | tojson
'é\\u2028\\x7f\\x01' | tojson
'é' | tojson(ensure_ascii=true)
{'b': 1, 'a': 2} | tojson(sort_keys=true)
{'b': 1, 'b': 2}
messages | tojson
range(4) | list
range(2, 5) | list
range(10, 0, -3) | list
range(0) | list
dict(a=1, b='x')
namespace(a=1).a
(1, 2) | list
[1, 2,]
{'a': 1,}
{}
[[1, 2], [3]][0][1]
"{{ not a tag }}"
'%}' ~ '}}'
{'a': {'b': {}}}
'a' ~ ('b' if flag) ~ 'c'
'abc'[1] ~ 'abc'['x']
none.x is defined
(missing | default({})).x is defined
'a' | upper | lower | upper
-1 | abs
1 if missing else 2
nothing | selectattr('x') | list | length
nothing | reject('odd') | list
nothing | map('upper') | list
0 | select | list
table | tojson()
'a' ~ 'b' | upper + {'k': 1} | tojson()
'[{{"name": "x"}}, {%- if -%}]'
strftime_now('%Y-%m-%d') | length
""".strip("\n").split("\n")

STATEMENTS = [
    # white space
    "a\n{% if flag %}\nb\n{% endif %}\nc", "a\n  {% if flag %}\n  b\n  {% endif %}\nc\n", "a\n  {%- if flag -%}\n  b\n  {%- endif -%}\nc",
    "a {%- if flag %} b {%- endif %} c", "a {% if flag -%} b {% endif -%} c", "x {{- 'y' -}} z", "x\n\n{{- 'y' -}}\n\nz", "x {{ 'y' }}\n",
    "  {{ 'indented' }}\n  end", "  {%+ if flag %}a{% endif +%}\n  b", "{% if flag +%}\na\n{% endif %}", "\n\n{% set a = 1 %}\n\n{{ a }}\n\n",
    "a{# comment #}b", "a\n{# comment #}\nb", "a\n   {#- comment -#}   \nb", "a\n   {# comment\nof lines #}\nb", "a {# {{ x }} {% if %} #} b",
    "{% raw %}{{ x }} {% if %}{% endraw %}", "a\n  {% raw %}\n  {{ x }}\n  {% endraw %}\nb", "a {%- raw -%}  {{ x }}  {%- endraw -%}  b",
    "tail\n", "tail\n\n", "\r\nx\r\n{% if flag %}\r\ny\r\n{% endif %}\r\n", "{", "{ {", "a { b } c", "100% {x} #}", "%} }}", "",
    "{% if flag %}{% endif %}\n\n  {% if flag %}x{% endif %}", "{{ '}' }}{{ \"%}\" }}", "{%if flag%}tight{%endif%}{{word}}",
    "{{ 'a' -}}\n  {% if flag %}b{% endif %}", "{%- for n in numbers-%}\n {{n}}\n{%-endfor-%}",
    "{% set s = 'one\\\ntwo' %}{{ s }}", "a\n\t{% set x = 1 %}\tb",
    # if
    "{% if nothing %}a{% elif word %}b{% else %}c{% endif %}", "{% if nothing %}a{% elif nothing %}b{% else %}c{% endif %}",
    "{% if missing %}a{% endif %}z", "{% if 1 > 2 or word == 'naïve' and not nothing %}yes{% endif %}",
    # for and loop
    "{% for n in numbers %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }};{% endfor %}",
    "{% for n in numbers %}{{ loop.previtem }}<{{ n }}>{{ loop.nextitem }} {% endfor %}",
    "{% for m in messages %}{% if loop.previtem is defined %}{{ loop.previtem.role }}-{% endif %}{{ m.role }} {% endfor %}",
    "{% for n in [] %}x{% else %}empty{% endfor %}", "{% for n in numbers if n > 1 %}{{ loop.index }}:{{ n }}/{{ loop.length }} {% else %}none{% endfor %}",
    "{% for n in numbers if n > 100 %}x{% else %}none{% endfor %}", "{% for k, v in table.items() %}{{ k }}={{ v }};{% endfor %}",
    "{% for k, v in table | items %}{{ k }};{% endfor %}", "{% for (a, b) in [[1, 2], [3, 4]] %}{{ a + b }} {% endfor %}",
    "{% for k in table %}{{ k }}{% endfor %}", "{% for c in 'añ' %}[{{ c }}]{% endfor %}", "{% for x in missing %}x{% else %}e{% endfor %}",
    "{% for x in 1, 2, 3 %}{{ x }}{% endfor %}", "{% for i in range(3) %}{% for j in range(2) %}{{ i }}{{ j }}{{ loop.index }} {% endfor %}{{ loop.index }};{% endfor %}",
    "{% for i in range(9) %}{% if i == 2 %}{% continue %}{% endif %}{% if i == 5 %}{% break %}{% endif %}{{ i }}{% endfor %}!",
    "{% for i in range(3) %}{% for j in range(5) %}{% if j == 1 %}{% break %}{% endif %}{{ j }}{% endfor %}{{ i }}{% endfor %}",
    "{% for m in messages[::-1] %}{{ m.role[0] }}{% endfor %}", "{% for m in messages %}{% set x = m.role %}{{ x }}{% endfor %}{{ x is defined }}",
    "{% set x = 1 %}{% for i in [1, 2] %}{{ x }}{% set x = 9 %}{{ x }}{% endfor %}{{ x }}", "{% for i in [1] %}{{ loop.depth is defined or true }}{% endfor %}",
    "{% for message in messages %}\n  {{ message.role }}\n{% endfor %}", "{% for a in [1, 2] %}{% for b in [a] %}{{ b }}{% endfor %}{% endfor %}",
    # set and namespace
    "{% set a, b = 1, 2 %}{{ a }}{{ b }}", "{% set t = 1, 2 %}{{ t | list }}", "{% set x %}in {{ word }}{% endset %}[{{ x }}]",
    "{% set x | upper | replace('A', 'b') %}na{% endset %}{{ x }}", "{% set ns = namespace(n=0, s='') %}{% for m in messages %}{% set ns.n = ns.n + 1 %}{% set ns.s = ns.s ~ m.role[0] %}{% endfor %}{{ ns.n }}{{ ns.s }}",
    "{% set ns = namespace() %}{% set ns.x = [1] %}{% set ns.x = ns.x + [2] %}{{ ns.x }}{{ ns.y is defined }}", "{% set ns = namespace({'a': 1}) %}{{ ns.a }}{{ ns['a'] }}",
    "{% if flag %}{% set inner = 5 %}{% endif %}{{ inner }}", "{% set x = 'a' if flag else 'b' %}{{ x }}", "{% set ns = namespace(f=false) %}{% for m in messages if m.role == 'assistant' %}{% set ns.f = true %}{% endfor %}{{ ns.f }}",
    "{% set a = 1 %}{% set a = a + 1 %}{{ a }}", "{% with x = 1, y = 'z' %}{{ x }}{{ y }}{% endwith %}{{ x is defined }}",
    "{% set x %}{% for i in range(3) %}{{ i }}{% endfor %}{% endset %}{{ x | length }}", "{% set ns = namespace(x=1) %}{% set ns.x %}block{% endset %}{{ ns.x }}",
    # macros, filter blocks, generation
    "{% macro m(a, b='d') %}<{{ a }}{{ b }}>{% endmacro %}{{ m(1) }}{{ m(1, 2) }}{{ m(b=3, a=4) }}", "{% macro m() %}{{ word }}{% set word = 'x' %}{{ word }}{% endmacro %}{{ m() }}{{ word }}",
    "{% macro m(a) %}{{ a is defined }}{% endmacro %}{{ m() }}", "{% macro fact(n) %}{% if n <= 1 %}1{% else %}{{ n * (fact(n - 1) | int) }}{% endif %}{% endmacro %}{{ fact(6) }}",
    "{%- macro show(message) -%}\n  {{ message.role }}: {{ message.content | trim }}\n{% endmacro -%}\n{% for m in messages %}{{ show(m) }}{% endfor %}",
    "{% macro m(x) %}{{ x }}{% endmacro %}{{ m('a') ~ m('b') | upper }}{{ m('q') is string }}", "{% macro outer(x) %}{{ inner(x) }}{% endmacro %}{% macro inner(x) %}[{{ x }}]{% endmacro %}{{ outer(1) }}",
    "{% filter upper %}abc {{ words[0] }}{% endfilter %}", "{% filter replace('a', 'o') | upper %}banana{% endfilter %}",
    "{% generation %}{{ word }}{% endgeneration %}", "a\n  {% generation %}\n  b\n  {% endgeneration %}\nc",
    "{% for m in messages %}{% if m.role == 'assistant' %}{% generation %}{{ m.content }}{% endgeneration %}{% endif %}{% endfor %}",
]

# Each must fail, here and there.
FAILING = [
    "{{ missing.x }}", "{{ missing['x'] }}", "{{ 'a' + 1 }}", "{{ 1 + none }}", "{{ 'a' + missing }}", "{{ missing() }}", "{{ 1 / 0 }}", "{{ 1 // 0 }}", "{{ 5 % 0 }}",
    "{{ 'a' < 1 }}", "{{ none | length }}", "{{ 1 | length }}", "{{ 'x' | nofilter }}", "{{ 'x' is notest }}", "{{ 'x'.nomethod() }}", "{{ [1].append(2) }}", "{{ table.update({}) }}",
    "{{ raise_exception('no such role') }}", "{% for x in 5 %}{% endfor %}", "{% for x in none %}{% endfor %}", "{% for a, b in [[1]] %}{% endfor %}", "{% set table.x = 1 %}", "{{ 1 in 5 }}",
    "{{ 1 in 'abc' }}", "{{ missing | tojson }}", "{{ word() }}", "{% macro m(a) %}{% endmacro %}{{ m(1, 2) }}", "{{ word[::0] }}", "{{ 'a'.split('') }}", "{{ missing < 1 }}", "{{ -missing }}", "{{ -'a' }}",
    "{{ ''.join([1]) }}",
    # syntax
    "{{", "{{ }}", "{% if %}", "{% if flag %}", "{% endif %}", "{% for x numbers %}{% endfor %}", "{% for x in numbers %}", "{% unknown %}", "{{ 1 + }}", "{{ (1 }}", "{{ [1 }}", "{{ 'abc }}", "{# open", "{% raw %}x",
    "{{ a b }}", "{{ 1 ? 2 }}", "{% set %}", "{% set 1 = 2 %}", "{% macro %}", "{% break %}", "{% else %}", "{{ x | }}", "{{ x is }}", "{{ f(a=1, 2) }}", "{{ {1} }}", "{{ ) }}", "{% if flag %}{% endfor %}", "{% set x %}",
    "{{ x. }}", "{{ @ }}", "{% endfor %}", "{{ not }}", "{% for in x %}{% endfor %}", "{{ 'a' 1 }}",
]
