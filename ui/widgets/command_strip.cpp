// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/command_strip.h"

#include "core/job/shell_command.h"
#include "ui/theme/theme.h"

#include <QClipboard>
#include <QGuiApplication>
#include <QHBoxLayout>
#include <QLineEdit>
#include <QToolButton>

namespace bwla::ui {

QString shellCommand(const QStringList& words) {
    std::vector<std::string> plain;
    for (const QString& word : words)
        plain.push_back(word.toStdString());
    return QString::fromStdString(bwla::shellCommand(plain));
}

CommandStrip::CommandStrip(Theme& theme, QWidget* parent) : QFrame(parent), line_(new QLineEdit) {
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(4);
    line_->setReadOnly(true);
    line_->setAccessibleName(tr("Command line of this page"));
    auto* copy = new QToolButton;
    copy->setToolTip(tr("Copy the command line"));
    copy->setAccessibleName(copy->toolTip());
    row->addWidget(line_, 1);
    row->addWidget(copy);
    connect(copy, &QToolButton::clicked, this,
            [this] { QGuiApplication::clipboard()->setText(line_->text()); });
    const auto redraw = [this, &theme, copy] {
        line_->setFont(theme.font(TextRole::fixed));
        copy->setIcon(theme.icon("copy"));
    };
    connect(&theme, &Theme::changed, this, redraw);
    redraw();
}

void CommandStrip::setCommand(const QStringList& words) {
    setLine(shellCommand(QStringList("bwla") + words));
}

void CommandStrip::setLine(const QString& line) {
    line_->setText(line);
    line_->setCursorPosition(0);
}

QString CommandStrip::command() const {
    return line_->text();
}

} // namespace bwla::ui
