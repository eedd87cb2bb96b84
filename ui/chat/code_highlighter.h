// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QSyntaxHighlighter>

namespace bwla::ui {

struct Tokens;

/// Keywords, strings, comments and names that are called or defined, in a handful of languages and
/// in whatever looks like them. Never in the colours of a series.
class CodeHighlighter : public QSyntaxHighlighter {
    Q_OBJECT

public:
    CodeHighlighter(QTextDocument* document, const QString& language);
    void setTokens(const Tokens& tokens);

protected:
    void highlightBlock(const QString& text) override;

private:
    [[nodiscard]] bool hashComments() const;

    QString language_;
    QTextCharFormat keyword_, name_, string_, comment_;
};

} // namespace bwla::ui
