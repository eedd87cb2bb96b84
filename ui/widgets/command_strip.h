// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QFrame>
#include <QStringList>

class QLineEdit;

namespace bwla::ui {

class Theme;

/// The `bwla` command line of what the page will do, ready to copy.
class CommandStrip : public QFrame {
    Q_OBJECT

public:
    explicit CommandStrip(Theme& theme, QWidget* parent = nullptr);
    /// Words after "bwla"; those with blanks or quotes are quoted for a POSIX shell.
    void setCommand(const QStringList& words);
    [[nodiscard]] QString command() const;

private:
    QLineEdit* line_;
};

/// `words` as one POSIX shell command.
[[nodiscard]] QString shellCommand(const QStringList& words);

} // namespace bwla::ui
