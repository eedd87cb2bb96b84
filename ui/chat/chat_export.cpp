// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/chat/chat_export.h"

#include "ui/widgets/number_text.h"

#include <QCoreApplication>
#include <QRegularExpression>
#include <QSaveFile>
#include <QTextDocument>

#include <nlohmann/json.hpp>

namespace bwla::ui {
namespace {

using Json = nlohmann::ordered_json;

QString tr(const char* text) {
    return QCoreApplication::translate("bwla::ui::chatExport", text);
}

QString sideName(ChatSide side) {
    return side == ChatSide::original ? tr("Original") : tr("Quantized");
}

QString speaker(ChatSide side, const AnswerStats& stats) {
    if (stats.model.empty())
        return sideName(side);
    return QString("%1 (%2, %3)")
        .arg(sideName(side), QString::fromStdString(stats.model),
             QString::fromStdString(stats.format).toUpper());
}

QString numbers(const ChatTurn& turn, ChatSide side) {
    const AnswerStats& stats = turn.answer(side)->stats;
    QString line =
        tr("Prefill %1 tok/s, first token %2 ms, decode %3 tok/s, %4 tokens, %5 MB")
            .arg(numberText(stats.promptSpeed, 0), numberText(stats.firstTokenSeconds * 1e3, 0),
                 numberText(stats.decodeSpeed, 1),
                 numberText(static_cast<double>(stats.path.size()), 0),
                 numberText(static_cast<double>(stats.memoryBytes) / 1e6, 1));
    if (side == ChatSide::quantized && !stats.agreement.kl.empty())
        line += tr("; mean KL %1 nats").arg(numberText(stats.agreement.mean(), 3));
    if (const auto difference = turn.difference(); difference && side == ChatSide::quantized)
        line += tr("; differs at token %1").arg(*difference + 1);
    return line;
}

/// Body of the HTML that Qt makes of Markdown, without the document around it.
QString htmlOf(const std::string& markdown) {
    QTextDocument document;
    document.setMarkdown(QString::fromStdString(markdown),
                         QTextDocument::MarkdownFeatures(QTextDocument::MarkdownDialectGitHub) |
                             QTextDocument::MarkdownNoHTML);
    static const QRegularExpression body("<body[^>]*>(.*)</body>",
                                         QRegularExpression::DotMatchesEverythingOption);
    return body.match(document.toHtml()).captured(1);
}

constexpr const char* page = R"(<!doctype html>
<html><head><meta charset="utf-8"><title>%1</title><style>
body { font: 15px/1.5 Inter, system-ui, sans-serif; max-width: 1100px; margin: 32px auto; padding: 0 16px;
  color: #171b21; background: #f2f4f7 }
.said { background: #dfe3fb; border-radius: 8px; padding: 8px 12px; margin: 24px 0 8px; white-space: pre-wrap }
.answers { display: flex; gap: 16px } .answer { flex: 1; min-width: 0; background: #fff; border: 1px solid #d0d6de;
  border-radius: 8px; padding: 8px 16px } .numbers { color: #5b6675; font-size: 13px }
pre { background: #f7f8fa; overflow-x: auto }
</style></head><body><h1>%1</h1>
%2</body></html>
)";

Json answerJson(const ChatAnswer& answer) {
    Json json{{"id", answer.id}, {"text", answer.text}};
    const char* const states[] = {"streaming", "done", "stopped", "failed", "interrupted"};
    json["state"] = states[static_cast<std::size_t>(answer.state)];
    json["stats"] = Json::parse(statsText(answer.stats));
    return json;
}

} // namespace

QByteArray chatMarkdown(const ChatRecord& chat, const std::vector<ChatTurn>& turns) {
    QString text = "# " + QString::fromStdString(chat.title) + "\n";
    for (const ChatTurn& turn : turns) {
        text += "\n## " + tr("You") + "\n\n" + turn.text + "\n";
        for (const ChatSide side : chatSides)
            if (const auto& answer = turn.answer(side))
                text += "\n## " + speaker(side, answer->stats) + "\n\n" +
                        QString::fromStdString(answer->text) + "\n\n*" + numbers(turn, side) +
                        "*\n";
    }
    return text.toUtf8();
}

QByteArray chatJson(const ChatRecord& chat, const ChatOptions& options,
                    const std::vector<ChatTurn>& turns) {
    Json json{{"title", chat.title},
              {"original", chat.originalPath},
              {"quantized", chat.quantizedPath},
              {"created_at", chat.createdAt},
              {"settings", Json::parse(optionsText(options))},
              {"turns", Json::array()}};
    for (const ChatTurn& turn : turns) {
        Json one{{"id", turn.id}, {"user", turn.text.toStdString()}, {"in_context", turn.read}};
        if (const auto& answer = turn.answer(ChatSide::original))
            one["original"] = answerJson(*answer);
        if (const auto& answer = turn.answer(ChatSide::quantized))
            one["quantized"] = answerJson(*answer);
        if (const auto difference = turn.difference())
            one["first_difference"] = *difference;
        json["turns"].push_back(one);
    }
    return QByteArray::fromStdString(json.dump(2, ' ', false, Json::error_handler_t::replace) +
                                     "\n");
}

QByteArray chatHtml(const ChatRecord& chat, const std::vector<ChatTurn>& turns) {
    QString body;
    for (const ChatTurn& turn : turns) {
        body +=
            "<div class=\"said\">" + turn.text.toHtmlEscaped() + "</div>\n<div class=\"answers\">";
        for (const ChatSide side : chatSides)
            if (const auto& answer = turn.answer(side))
                body += "<div class=\"answer\"><h3>" +
                        speaker(side, answer->stats).toHtmlEscaped() + "</h3>" +
                        htmlOf(answer->text) + "<p class=\"numbers\">" +
                        numbers(turn, side).toHtmlEscaped() + "</p></div>\n";
        body += "</div>\n";
    }
    // Both at once: a title may hold "%2", a body "%1".
    return QString(page).arg(QString::fromStdString(chat.title).toHtmlEscaped(), body).toUtf8();
}

QString exportChat(const QString& file, const ChatRecord& chat, const ChatOptions& options,
                   const std::vector<ChatTurn>& turns) {
    const QByteArray bytes = file.endsWith(".json")   ? chatJson(chat, options, turns)
                             : file.endsWith(".html") ? chatHtml(chat, turns)
                                                      : chatMarkdown(chat, turns);
    QSaveFile out(file);
    if (out.open(QIODevice::WriteOnly) && out.write(bytes) == bytes.size() && out.commit())
        return {};
    return tr("%1 cannot be written: %2. Choose another folder.").arg(file, out.errorString());
}

} // namespace bwla::ui
