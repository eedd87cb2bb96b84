// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/chat/chat_options.h"

#include <QFrame>

class QComboBox;
class QDoubleSpinBox;
class QLineEdit;
class QPlainTextEdit;
class QSpinBox;
class QTabWidget;

namespace bwla::ui {

class Banner;
class EnginePanel;
class Theme;

/// Name of the preset whose sampling this is, or "Custom".
[[nodiscard]] QString samplingName(const SamplerSettings& sampling);

/// System prompt, sampling, the chat template with a preview of what the model reads, and where the
/// models compute.
class OptionsPanel : public QFrame {
    Q_OBJECT

public:
    enum Tab { system, sampling, promptTemplate, engine };

    explicit OptionsPanel(Theme& theme, QWidget* parent = nullptr);

    void setOptions(const ChatOptions& options);
    void open(Tab tab);
    /// What the model will read, and what is wrong with the template (empty = nothing).
    void showRendered(const QString& rendered, const QString& error);
    [[nodiscard]] QString renderedText() const;
    [[nodiscard]] QString errorText() const;
    [[nodiscard]] EnginePanel& enginePanel() { return *engine_; }
    [[nodiscard]] QSize sizeHint() const override;

Q_SIGNALS:
    void optionsChanged(const bwla::ui::ChatOptions& options);
    void closed();

private:
    QWidget* makeSystem();
    QWidget* makeSampling();
    QWidget* makeTemplate();
    QDoubleSpinBox* number(double low, double high, double step, int decimals, const QString& name,
                           const QString& tip);
    QSpinBox* whole(int low, int high, const QString& name, const QString& tip);
    void changed();
    void showSampling(const SamplerSettings& sampling);

    Theme& theme_;
    ChatOptions options_;
    bool filling_ = false; ///< the fields are being set, not edited
    QTabWidget* tabs_;
    QPlainTextEdit *system_, *template_, *rendered_;
    Banner* error_;
    EnginePanel* engine_;
    QComboBox* preset_;
    QDoubleSpinBox *temperature_, *topP_, *minP_, *penalty_;
    QSpinBox *topK_, *window_, *maxTokens_, *seed_;
    QLineEdit* stops_;
};

} // namespace bwla::ui
