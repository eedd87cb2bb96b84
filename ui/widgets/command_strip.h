// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QFrame>
#include <QStringList>

class QLineEdit;

namespace bwla::ui {

class Theme;

/// A line for a terminal, ready to copy: the `bwla` command of what the page will do.
class CommandStrip : public QFrame {
    Q_OBJECT

public:
    explicit CommandStrip(Theme& theme, QWidget* parent = nullptr);
    /// Words after "bwla"; those with blanks or quotes are quoted for a POSIX shell.
    void setCommand(const QStringList& words);
    /// Any other line for a terminal.
    void setLine(const QString& line);
    [[nodiscard]] QString command() const;

private:
    QLineEdit* line_;
};

/// `words` as one POSIX shell command.
[[nodiscard]] QString shellCommand(const QStringList& words);

} // namespace bwla::ui
