extension SentenceWords {
    /// The lists of one language, words separated by spaces. One behind `=` is a whole word of another language: it
    /// counts only when the language is known.
    struct Lists: Sendable {
        var leading: String
        var beforeNumber: String
        var either: String
        var starters: String
    }

    static let lists: [String: Lists] = [
        "en": Lists(
            leading: """
                dr mr mrs ms mx messrs prof Rev Hon Gen Col Capt Lt Sgt Cpl Cmdr Adm Maj Gov Sen Rep Pres Supt Fr Br e.g i.e \
                vs approx cf viz Mt
                """,
            beforeNumber: """
                no nos p pp vol vols ch chap fig figs sec art para ext tel apt ste bldg rm ver max min est Jan Feb Mar \
                Apr Jun Jul Aug Sep Sept Oct Nov Dec Mon Tue Tues Wed Thu Thur Thurs Fri Sat Sun
                """,
            either: """
                st ave blvd rd ln hwy pkwy sq jr sr esq inc ltd co corp llc plc bros assn etc et.al al ph.d m.d b.a m.a \
                u.s u.k u.n e.u d.c a.d b.c dept
                """,
            starters: """
                I I'm I'll I've I'd The A An He She It We You They This That These Those There Here Who What When Where Why \
                How Which Whose Is Are Am Was Were Do Does Did Can Could Will Would Shall Should May Might Must Have Has Had \
                Let Please Thanks Thank Sorry Yes No Not Now Then So But And Or If In On At As For From With Without To By \
                After Before Since Until While Because Although However Also Its It's That's There's What's He's She's We're \
                You're They're We'll You'll My Your His Her Our Their Our Just Next First Second Finally Meanwhile Everyone \
                Nobody Turn Go Press Everything Nothing Some Many Most All Both Each Every Any Another Other Only Even Once Well Okay OK \
                Great Perfect Sure Feel Give Take Call
                """),
        "de": Lists(
            leading: """
                =st dr prof hr fr hrn dipl ing =med =dent jur =phil rer =nat Mag bzw ca evtl ggf gegebenenf inkl exkl zzgl abzgl vgl \
                z.b z.hd z.t z.z d.h u.a u.u u.ä o.ä o.g i.d.r i.a i.d s.o s.u bspw beispielsw sog geb gest gem entspr allg \
                insb insbes bes vorauss einschl vmtl wg hl Tel
                """,
            beforeNumber: """
                nr nrn abs art bd kap ziff hausnr str max mind min durchwahl mobil Mo Di Mi Do Sa So Mrz Okt Dez Jan Feb \
                Apr Aug Sept Nov
                """,
            either: "usw etc mio mrd std sek Min mwst jh v.chr n.chr chr str gmbh e.v b.w m.e f.d.r usf o.k",
            starters: """
                Der Die Das Den Dem Ein Eine Einen Ich Du Er Sie Es Wir Ihr Man In Im Am An Auf Bei Beim Bitte Wenn Und Aber \
                Oder Doch Haben Hat Hatte Ist Sind Kann Können Könnten Möchten Möchte Soll Sollen Sollte Darf Danach Dann Dort \
                Da Hier Heute Jetzt Wie Was Wann Wo Wer Warum Wieso Weshalb Welche Welcher Welches Ja Nein Gern Gerne Danke \
                Vielen Ihre Ihren Unser Unsere Mein Meine Für Mit Nach Um Von Vor Zu Zum Zur Alles Also Leider Natürlich \
                Vielleicht Dieser Diese Dieses Kein Keine Nur Noch Auch So Sobald Falls Damit Dafür Deshalb Außerdem \
                Anschließend Zuerst Bis Seit
                """),
        "fr": Lists(
            leading:
                "=st =ex =me mm mme mmes mlle mlles dr drs pr mgr cie ste env cf c.à.d p.ex av bd boul hab réf resp vs",
            beforeNumber: "n no art chap fig p pp t vol tél max min janv févr juill sept oct nov déc",
            either: "etc j.c s.v.p s.a s.n.c éd =suiv",
            starters: """
                Je J'ai Tu Il Elle On Nous Vous Ils Elles Ce C'est Cela Ça Ces Cet Cette Le La Les L'heure Un Une Des Du Au \
                Aux Et Mais Ou Donc Or Car Si Quand Comment Pourquoi Où Qui Que Quel Quelle Est-ce Avez-vous Voulez-vous \
                Pouvez-vous Mon Ma Mes Votre Vos Notre Nos Leur Son Sa Ses Dans En Sur Sous Pour Par Avec Sans Chez Merci Oui \
                Non Bien D'accord Ensuite Puis Enfin Après Avant Alors Voici Voilà Tout Tous Ici Là
                """),
        "es": Lists(
            leading: """
                sr sra sres sras srta dr dra dres d dña da prof profa ing lic arq fco mª ud uds vd vds av avda ctra pza \
                p.ej ej aprox ee vs pbro mons cía
                """,
            beforeNumber:
                "n no núm nro pág págs art cap fig tel tfno vol máx mín ene feb mzo abr jun jul ago sept oct nov dic",
            either: "etc uu s.a s.l s.r.l a.c d.c ee.uu",
            starters: """
                El La Los Las Lo Un Una Unos Unas Yo Tú Él Ella Usted Nosotros Ustedes Ellos Ellas Este Esta Esto Ese Esa Eso \
                Hay Es Son Está Están Qué Quién Cuándo Dónde Cómo Por Para Pero Y O Si Sí No Nos Le Les Me Te Se Su Sus Mi Mis \
                Nuestro Nuestra En Con Sin De Desde Hasta Al Del Puede Podemos Quiere Tiene Tenemos Gracias Perdón Claro \
                Entonces Luego Después Antes Ahora Hoy Mañana Aquí Allí También Además Cuando Como Todo Todos
                """),
        "it": Lists(
            leading: """
                sig sigg sig.ra sig.na dott dott.ssa dr prof prof.ssa ing avv geom =arch =rag =es =On mons on.le =gent egr spett p.es \
                cfr ca c.a vs
                """,
            beforeNumber:
                "n no nr pag pagg art cap fig tel vol max min gen feb mar apr =mag giu lug ago =set ott nov dic",
            either: "ecc etc s.p.a s.r.l s.n.c a.c d.c v.le p.zza c.so",
            starters: """
                Il Lo La I Gli Le Un Uno Una L'ora Io Tu Lui Lei Noi Voi Loro Questo Questa Questi Quello Quella È Sono C'è Ci \
                Chi Che Cosa Quando Dove Come Perché Per Ma E O Se Sì No Non Mi Ti Si Vi Mio Mia Suo Sua Suoi Nostro Nostra In \
                Con Senza Di Da Dal Dalla Al Alla Nel Nella Può Possiamo Vuole Ha Abbiamo Grazie Scusi Certo Allora Poi Dopo \
                Prima Ora Adesso Oggi Domani Qui Anche Inoltre Tutto Tutti
                """),
        "pt": Lists(
            leading: """
                =ex sr sra srs sras srta dr dra drs prof profa eng exmo exma ilmo ilma av r.a pça al.ª p.ex aprox cf vs trav
                """,
            beforeNumber:
                "n no nº núm pág págs art cap fig tel vol máx mín jan fev abr mai jun jul ago =set =out nov dez",
            either: "etc ltda cia s.a a.c d.c",
            starters: """
                O A Os As Um Uma Eu Tu Ele Ela Você Nós Vocês Eles Elas Este Esta Isto Esse Essa Isso Aquele Há É São Está \
                Estão Que Quem Quando Onde Como Por Para Mas E Ou Se Sim Não Nos Me Lhe Seu Sua Seus Suas Meu Minha Nosso \
                Nossa Em No Na Nos Nas Com Sem De Do Da Desde Até Ao Pode Podemos Quer Tem Temos Obrigado Obrigada Desculpe \
                Claro Então Depois Antes Agora Hoje Amanhã Aqui Ali Também Além Tudo Todos
                """),
        "nl": Lists(
            leading: """
                =st dhr mevr mw mej drs ir ing mr prof dr bijv bv d.w.z o.a m.b.t t.a.v i.p.v n.a.v i.v.m t.o.v m.n evt incl excl \
                resp zgn wnd fam ca plm vgl
                """,
            beforeNumber: "nr nrs blz pag art tel max min jan feb mrt apr jun jul aug sept okt nov dec Ma Wo Vr Za Zo",
            either: "enz etc e.d e.a a.u.b s.v.p b.v n.v jl a.s jr sr str v.chr n.chr",
            starters: """
                De Het Een Ik Jij Je Hij Zij Ze Wij We U Jullie Dit Dat Deze Die Er Is Zijn Was Wat Wie Wanneer Waar Waarom Hoe \
                Welke Maar En Of Als Ja Nee Niet Mijn Uw Zijn Haar Onze Ons Hun In Op Om Aan Bij Met Zonder Van Voor Naar Na \
                Kan Kunt Kunnen Wil Wilt Heeft Heb Hebben Dank Bedankt Sorry Graag Dan Daarna Toen Nu Vandaag Morgen Hier Daar \
                Ook Alles Alle Tot Sinds
                """),
    ]
}
