// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/studio/help_dialog.h"

#include "core/store/database.h"
#include "ui/widgets/failure_log.h"

#include <QDialogButtonBox>
#include <QTextBrowser>
#include <QVBoxLayout>

namespace bwla::ui {
namespace {

QString table(const QString& title, const QList<std::pair<QString, QString>>& keys) {
    QString html = "<h3>" + title.toHtmlEscaped() + "</h3><table cellpadding='3'>";
    for (const auto& [key, meaning] : keys)
        html += "<tr><td width='160'><b>" + key.toHtmlEscaped() + "</b></td><td>" +
                meaning.toHtmlEscaped() + "</td></tr>";
    return html + "</table>";
}

} // namespace

HelpDialog::HelpDialog(const QList<Page*>& pages, QWidget* parent) : QDialog(parent) {
    setWindowTitle(tr("Help"));
    resize(560, 620);
    auto* column = new QVBoxLayout(this);
    auto* text = new QTextBrowser;
    text->setAccessibleName(tr("Keys and files"));
    QString html =
        table(tr("Everywhere"), {{tr("Ctrl+1 … Ctrl+%1").arg(pages.size()), tr("Go to a page")},
                                 {tr("Ctrl+O"), tr("Open a model")},
                                 {tr("Esc"), tr("Stop what runs, or close what is open")},
                                 {tr("F6"), tr("Next pane")},
                                 {tr("Ctrl++ / Ctrl+-"), tr("Larger or smaller text")},
                                 {tr("F1"), tr("This list")},
                                 {tr("Ctrl+Q"), tr("Quit")}});
    for (const Page* page : pages)
        if (!page->keys().isEmpty())
            html += table(page->title(), page->keys());
    html += "<h3>" + tr("Files") + "</h3><p>" +
            tr("Runs, chats and settings: %1<br>Log of what went wrong: %2")
                .arg(QString::fromStdString(storeFile().string()).toHtmlEscaped(),
                     failureLog().toHtmlEscaped()) +
            "</p>";
    text->setHtml(html);
    auto* buttons = new QDialogButtonBox(QDialogButtonBox::Close);
    connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
    column->addWidget(text);
    column->addWidget(buttons);
}

} // namespace bwla::ui
