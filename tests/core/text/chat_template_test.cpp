// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/error.h"
#include "core/model/model_source.h"
#include "core/text/chat_template.h"
#include "real_model.h"

#include <QtTest>

#include <nlohmann/json.hpp>

#include <fstream>
#include <optional>

using namespace bwla;
using Json = nlohmann::json;
using Messages = std::vector<ChatMessage>;

namespace {

Messages messagesOf(const Json& conversation) {
    Messages messages;
    for (const Json& message : conversation)
        messages.push_back({message["role"], message["content"]});
    return messages;
}

std::string rendered(const std::string& source, const Messages& messages = {},
                     bool generate = false) {
    return ChatTemplate(source).render(messages, generate, "<s>", "</s>");
}

/// The reason of the badTemplate error, parsing or rendering; empty if there is none.
std::string failure(const std::string& source, const Messages& messages = {},
                    bool generate = false) {
    try {
        (void)rendered(source, messages, generate);
    } catch (const Error& error) {
        if (error.code != ErrorCode::badTemplate)
            throw;
        return error.detail;
    }
    return {};
}

std::string repeated(const std::string& text, int times) {
    std::string out;
    for (int i = 0; i < times; ++i)
        out += text;
    return out;
}

} // namespace

class ChatTemplateTest : public QObject {
    Q_OBJECT

    Json golden_;

    /// `results` holds, for every conversation, that without and with a generation prompt.
    void compare(const std::string& name, const std::string& source, const Json& results) const {
        const Json& conversations = golden_["conversations"];
        QCOMPARE(results.size(), 2 * conversations.size());
        for (std::size_t i = 0; i < results.size(); ++i) {
            const Messages messages = messagesOf(conversations[i / 2]);
            const auto label =
                QString::fromStdString(name + ", conversation " + std::to_string(i / 2));
            if (results[i].contains("error")) {
                const std::string reason = failure(source, messages, i % 2 == 1);
                const auto wanted = results[i]["error"].get<std::string>();
                QVERIFY2(reason.find(wanted) != std::string::npos, qPrintable(label));
            } else if (rendered(source, messages, i % 2 == 1) != results[i]["text"]) {
                QFAIL(qPrintable(label + "\n" +
                                 QString::fromStdString(rendered(source, messages, i % 2 == 1))));
            }
        }
    }

private slots:
    void initTestCase() {
        std::ifstream file(BWLA_TEST_DATA "/chat_templates.json");
        golden_ = Json::parse(file);
    }

    void snippetsEqualGolden() {
        const Messages messages = messagesOf(golden_["conversation"]);
        QVERIFY(golden_["snippets"].size() > 300);
        for (const Json& snippet : golden_["snippets"]) {
            const auto source = snippet["source"].get<std::string>();
            const std::string text =
                rendered(golden_["head"].get<std::string>() + source, messages);
            QVERIFY2(text == snippet["text"], (source + "\n-> " + text).c_str());
        }
    }

    void whatFailsInJinjaFailsHere() {
        const Messages messages = messagesOf(golden_["conversation"]);
        QVERIFY(golden_["failing"].size() > 60);
        for (const Json& snippet : golden_["failing"]) {
            const auto source = snippet.get<std::string>();
            const std::string reason =
                failure(golden_["head"].get<std::string>() + source, messages);
            QVERIFY2(reason.starts_with("line 8: "), (source + "\n-> " + reason).c_str());
        }
    }

    void familyTemplatesEqualGolden_data() {
        QTest::addColumn<int>("index");
        for (std::size_t i = 0; i < golden_["templates"].size(); ++i)
            QTest::newRow(golden_["templates"][i]["name"].get<std::string>().c_str())
                << static_cast<int>(i);
    }
    void familyTemplatesEqualGolden() {
        QFETCH(int, index);
        const Json& one = golden_["templates"][static_cast<std::size_t>(index)];
        compare(one["name"], one["source"], one["results"]);
    }

    void templateOfTheDefaultModelEqualsGolden() {
        const TokenizerData data = ModelSource::open(test::realModel())->tokenizer();
        compare("default model", data.chatTemplate, golden_["default_model"]);
    }

    void theTagsLineIsNamed_data() {
        QTest::addColumn<QString>("source");
        QTest::addColumn<QString>("reason");
        QTest::newRow("syntax") << "a\n{% if x %}\n{{ 1 + }}\n{% endif %}"
                                << "line 3: expected an expression, found '}}'";
        QTest::newRow("unknown tag") << "\n\n{% include 'x' %}"
                                     << "line 3: tag 'include' is not supported or misplaced";
        QTest::newRow("open block") << "\n{% for m in messages %}\nx"
                                    << "line 2: block without 'endfor'";
        QTest::newRow("open string") << "\n{{ 'abc\n\n }}"
                                     << "line 2: string without end";
        QTest::newRow("undefined") << "a\n{{ x\n.y }}"
                                   << "line 3: 'x' is undefined";
        QTest::newRow("in a loop") << "{% for i in [1, 0] %}\n{{ 1 // i }}\n{% endfor %}"
                                   << "line 2: division by zero";
        QTest::newRow("in a macro") << "{% macro m() %}\n{{ 1 + 'a' }}\n{% endmacro %}\n{{ m() }}"
                                    << "line 2: cannot add an integer and a string";
        QTest::newRow("after a nested one") << "{{ [1,\n2] | join(\n',') }}\n{{ 1 | length }}"
                                            << "line 4: an integer has no length";
        QTest::newRow("raised") << "\n{{ raise_exception('Only user turns!') }}"
                                << "line 2: Only user turns!";
        QTest::newRow("unknown filter") << "{{ 1 | frobnicate }}"
                                        << "line 1: filter 'frobnicate' is not supported";
        QTest::newRow("after stripped lines") << "a\n\n\n{%- if true %}\n\n\n{{ 1 / 0 }}{% endif %}"
                                              << "line 7: division by zero";
        QTest::newRow("raw without end") << "{% raw %}"
                                         << "line 1: raw block without end";
    }
    void theTagsLineIsNamed() {
        QFETCH(QString, source);
        QFETCH(QString, reason);
        QCOMPARE(QString::fromStdString(failure(source.toStdString())), reason);
    }

    void hostileTemplatesEnd_data() {
        QTest::addColumn<QString>("source");
        const auto row = [](const char* name, const std::string& source) {
            QTest::newRow(name) << QString::fromStdString(source);
        };
        row("endless range", "{% for i in range(1000000000000) %}x{% endfor %}");
        row("nested loops",
            repeated("{% for i in range(1000) %}", 8) + repeated("{% endfor %}", 8));
        row("doubling text", "{% set ns = namespace(s='x') %}{% for i in range(99) %}"
                             "{% set ns.s = ns.s ~ ns.s %}{% endfor %}");
        row("doubling list", "{% set ns = namespace(s=[1]) %}{% for i in range(99) %}"
                             "{% set ns.s = [ns.s, ns.s] %}{% endfor %}{{ ns.s }}");
        row("comparing doubled lists", "{% set n = namespace(a=[1], b=[1]) %}{% for i in range(60) "
                                       "%}{% set n.a = [n.a, n.a] %}"
                                       "{% set n.b = [n.b, n.b] %}{% endfor %}{{ n.a == n.b }}");
        row("nesting list", "{% set ns = namespace(s=[]) %}{% for i in range(1000000) %}"
                            "{% set ns.s = [ns.s] %}{% endfor %}");
        row("nesting loops in loops",
            "{% set ns = namespace(s=1) %}{% for i in range(100000) %}"
            "{% for j in [ns.s] %}{% set ns.s = loop %}{% endfor %}{% endfor %}");
        row("repeated text", "{{ 'x' * 100000000000 }}");
        row("repeated empty list", "{{ [[]] * 100000000000 }}");
        row("repeated often", "{{ 'abc' * 9223372036854775807 }}");
        row("endless recursion", "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}");
        row("wide recursion", "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}"
                              "{% endmacro %}{{ m(30) }}");
        row("parentheses", "{{ " + repeated("(", 100000));
        row("brackets", "{{ " + repeated("[", 100000));
        row("signs", "{{ " + repeated("-", 100000) + "1 }}");
        row("nots", "{{ " + repeated("not ", 100000) + "1 }}");
        row("sum", "{{ 1" + repeated("+1", 100000) + " }}");
        row("members", "{{ x" + repeated(".x", 100000) + " }}");
        row("filters", "{{ x" + repeated("|trim", 100000) + " }}");
        row("conditions", "{{ 1" + repeated(" if 1 else 1", 50000) + " }}");
        row("blocks", repeated("{% if true %}", 50000));
        row("replace", "{% set a = 'a' * 1000000 %}{{ a | replace('a', a) }}");
        row("search", "{% set a = 'a' * 30000000 %}{{ (a[:10000000] ~ 'b') in a }}");
        row("indent", "{{ ('\\n' * 1000000) | indent(1000, blank=true) }}");
        row("join", "{{ range(1000000) | join('x' * 1000) }}");
        row("split",
            "{% for i in range(1000) %}{% set x = (' a' * 1000000).split() %}{% endfor %}");
        row("unique", "{{ range(1000000) | unique | list }}");
        row("json", "{{ ([[1] * 100000]) | tojson(indent=1000) }}");
        row("overflow", "{{ 9223372036854775807 + 1 }}");
        row("overflowing quotient", "{{ (-9223372036854775807 - 1) // -1 }}");
        row("overflowing literal", "{{ 9223372036854775808 }}");
        row("huge source", std::string((std::size_t{1} << 20) + 1, 'x'));
    }
    void hostileTemplatesEnd() {
        QFETCH(QString, source);
        QVERIFY(!failure(source.toStdString()).empty());
    }

    void aNamespaceMayHoldItself() {
        QCOMPARE(
            rendered("{% set ns = namespace() %}{% set ns.me = ns %}{{ ns.me.me.x is defined }}"
                     "{% set ns.l = [ns] %}{{ ns.l | length }}"),
            std::string("False1"));
    }

    void longSoundTemplatesRender() {
        QCOMPARE(rendered("{{ 1" + repeated(" + 1", 200) + " }}"), std::string("201"));
        QCOMPARE(rendered(repeated("(", 50).insert(0, "{{ ") + "7" + repeated(")", 50) + " }}"),
                 std::string("7"));
        QCOMPARE(rendered(repeated("{% if true %}", 50) + "x" + repeated("{% endif %}", 50)),
                 std::string("x"));
        QCOMPARE(rendered("{% macro m(n) %}{% if n %}{{ m(n - 1) }}{% endif %}x{% endmacro %}"
                          "{{ m(60) }}"),
                 repeated("x", 61));
    }

    void aLongConversationRenders() {
        const std::string content(5000, 'x');
        Messages messages;
        for (int i = 0; i < 1000; ++i)
            messages.push_back({i % 2 ? "assistant" : "user", content});
        for (const Json& one : golden_["templates"]) {
            const std::string text = rendered(one["source"], messages, true);
            QVERIFY(text.size() > messages.size() * content.size());
        }
    }

    void textThatLooksLikeTagsIsNotEvaluated() {
        QCOMPARE(rendered("{% for m in messages %}{{ m.content }}{% endfor %}",
                          {{"user", "{{ 1 + 1 }}{% raw %}"}}),
                 std::string("{{ 1 + 1 }}{% raw %}"));
    }

    void oneTemplateServesManyRenderings() {
        ChatTemplate first("{% set ns = namespace(n=0) %}{% for m in messages %}"
                           "{% set ns.n = ns.n + 1 %}{% endfor %}{{ ns.n }}");
        const ChatTemplate moved = std::move(first);
        for (std::size_t n = 0; n < 3; ++n)
            QCOMPARE(moved.render(Messages(n, {"user", "x"}), false), std::to_string(n));
    }

    void datesAreEnglishWhateverTheLocale() {
        const std::string month = rendered("{{ strftime_now('%B') }}");
        const QStringList months = QLocale::c().toString(QDate::currentDate(), "MMMM").split(' ');
        QCOMPARE(QString::fromStdString(month), months[0]);
    }
};

QTEST_GUILESS_MAIN(ChatTemplateTest)
#include "chat_template_test.moc"
